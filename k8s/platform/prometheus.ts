import { Yaml } from "cdk8s";
import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { ruleFile } from "../alerts/rules";
import {
  addAccount,
  addPeersService,
  addService,
  dataVolume,
  labelsOf,
  metadataOf,
  platformNamespace as namespace,
  type Pod,
  podTemplate,
  resources,
  selectorOf,
} from "./pod";
import { prometheusConfig, scrapedNamespaces } from "./prometheus-config";

export const prometheusName = "prometheus";
export const prometheusPort = 9090;
const podsName = "prometheus-pods";
const uid = 65534;
const dataFolder = "/prometheus";
const accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export type PrometheusOptions = {
  image: string;
  /**
   * How long and how much is kept. Three days are the longest window of an alert. Without a volume what is kept goes
   * with the pod, as on a kind cluster it may.
   */
  retention: { days: number; size: string; volume?: string };
};

/** Prometheus: scrapes services and sidecars of all namespaces of ours, and judges the alerts. */
export function addPrometheus(scope: Construct, options: PrometheusOptions): void {
  const { retention } = options;
  const files = {
    "prometheus.yaml": Yaml.stringify(prometheusConfig),
    "rules.yaml": Yaml.stringify(ruleFile),
  };
  const metadata = metadataOf(prometheusName);
  addAccount(scope, prometheusName);
  addAccess(scope);
  new k8s.KubeConfigMap(scope, "prometheus-config", { metadata, data: files });
  const ports = [{ name: "http", port: prometheusPort }];
  addService(scope, prometheusName, ports);
  addPeersService(scope, { name: podsName, of: prometheusName, ports });
  new k8s.KubeStatefulSet(scope, "prometheus", {
    metadata,
    spec: {
      serviceName: podsName,
      replicas: 1,
      selector: { matchLabels: selectorOf(prometheusName) },
      template: podTemplate(prometheusName, {
        uid,
        config: JSON.stringify(files),
        annotations: {
          // Metrics are fetched past the own sidecar, at a port that theirs leave out of mutual TLS: 15020.
          "traffic.sidecar.istio.io/includeOutboundIPRanges": "",
          "prometheus.io/scrape": "true",
          "prometheus.io/port": String(prometheusPort),
          "prometheus.io/path": "/metrics",
        },
        terminationGracePeriodSeconds: 60,
        container: container(options),
        volumes: [
          { name: "config", configMap: { name: prometheusName } },
          // The container alone gets its account's token; the sidecar does not.
          { name: "account", projected: { sources: accountSources } },
          ...(retention.volume === undefined
            ? [{ name: "data", emptyDir: { sizeLimit: k8s.Quantity.fromString("1Gi") } }]
            : []),
        ],
      }),
      ...(retention.volume === undefined ? {} : { volumeClaimTemplates: [dataVolume(retention.volume)] }),
    },
  });
}

/** What the kubelet mounts by itself where automountServiceAccountToken is not false. */
const accountSources: k8s.VolumeProjection[] = [
  { serviceAccountToken: { path: "token", expirationSeconds: 3607 } },
  { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
];

/** Finding pods in the scraped namespaces, and nothing else: a Role in each, no ClusterRole. */
function addAccess(scope: Construct): void {
  for (const where of scrapedNamespaces) {
    const metadata = {
      name: where === namespace ? prometheusName : `symphony-${prometheusName}`,
      namespace: where,
      labels: labelsOf(prometheusName),
    };
    new k8s.KubeRole(scope, `prometheus-role-${where}`, {
      metadata,
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    });
    new k8s.KubeRoleBinding(scope, `prometheus-binding-${where}`, {
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: metadata.name },
      subjects: [{ kind: "ServiceAccount", name: prometheusName, namespace }],
    });
  }
}

function container({ image, retention }: PrometheusOptions): Pod["container"] {
  const probe = (path: string): k8s.Probe => ({
    httpGet: { path, port: k8s.IntOrString.fromNumber(prometheusPort) },
    periodSeconds: 5,
    timeoutSeconds: 3,
  });
  return {
    image,
    // As in Prometheus' own image; images that others build of it may leave it out.
    command: ["/bin/prometheus"],
    args: [
      "--config.file=/etc/prometheus/prometheus.yaml",
      `--storage.tsdb.path=${dataFolder}`,
      `--storage.tsdb.retention.time=${retention.days}d`,
      `--storage.tsdb.retention.size=${retention.size}`,
      "--enable-feature=exemplar-storage",
      // An expression that costs too much is ended instead of taking the memory of all others.
      "--query.timeout=20s",
      "--query.max-samples=5000000",
    ],
    ports: [{ name: "http", containerPort: prometheusPort }],
    env: [{ name: "GOMEMLIMIT", value: "600MiB" }],
    startupProbe: { ...probe("/-/ready"), periodSeconds: 1, failureThreshold: 120 },
    readinessProbe: probe("/-/ready"),
    livenessProbe: { ...probe("/-/healthy"), periodSeconds: 20, failureThreshold: 6 },
    resources: {
      requests: { ...resources("30m", "192Mi", "768Mi").requests },
      limits: {
        memory: k8s.Quantity.fromString("768Mi"),
        // The samples, where they have no volume of their own.
        "ephemeral-storage": k8s.Quantity.fromString("1280Mi"),
      },
    },
    volumeMounts: [
      { name: "config", mountPath: "/etc/prometheus", readOnly: true },
      { name: "account", mountPath: accountFolder, readOnly: true },
      { name: "data", mountPath: dataFolder },
    ],
  };
}
