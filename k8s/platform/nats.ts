import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { natsConfig, natsPorts, passwordPrefix } from "./nats-config";
import {
  addAccount,
  addPeersService,
  addService,
  dataVolume,
  metadataOf,
  platformNamespace as namespace,
  type Pod,
  podTemplate,
  resources,
  selectorOf,
} from "./pod";

export const natsName = "nats";
export const natsUsersSecret = "nats-users";
const peersName = "nats-peers";
const dataFolder = "/data";

export type NatsOptions = {
  /** 1, or 3 for streams that survive the loss of a node. */
  replicas: number;
  image: string;
};

/** The broker: JetStream on a volume for each pod, a user for each service. */
export function addNats(scope: Construct, options: NatsOptions): void {
  const { replicas } = options;
  const config = natsConfig(
    replicas,
    (replica) => `${natsName}-${replica}.${peersName}.${namespace}.svc.cluster.local`,
  );
  addAccount(scope, natsName);
  new k8s.KubeConfigMap(scope, "nats-config", {
    metadata: metadataOf(natsName),
    data: { "nats.conf": config },
  });
  addServices(scope, replicas);
  new k8s.KubeStatefulSet(scope, "nats", {
    metadata: metadataOf(natsName),
    spec: {
      serviceName: peersName,
      replicas,
      // The brokers of a cluster find each other only when all of them come up.
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selectorOf(natsName) },
      template: podTemplate(natsName, podOf(options, config)),
      volumeClaimTemplates: [dataVolume("5Gi")],
    },
  });
  if (replicas > 1) {
    new k8s.KubePodDisruptionBudget(scope, "nats-budget", {
      metadata: metadataOf(natsName),
      // Two of three are a quorum.
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        selector: { matchLabels: selectorOf(natsName) },
      },
    });
  }
}

function addServices(scope: Construct, replicas: number): void {
  // The name says the protocol: the broker speaks first, and Istio would wait for the client to tell.
  addService(scope, natsName, [{ name: "tcp-nats", port: natsPorts.client }]);
  addPeersService(scope, {
    name: peersName,
    of: natsName,
    // Brokers look for each other before they are ready.
    publishNotReadyAddresses: true,
    ports: [
      { name: "tcp-monitor", port: natsPorts.monitor },
      ...(replicas > 1 ? [{ name: "tcp-routes", port: natsPorts.routes }] : []),
    ],
  });
}

function podOf(options: NatsOptions, config: string): Pod {
  const { replicas } = options;
  return {
    config,
    annotations: { "prometheus.io/scrape": "false" },
    sidecarCpu: "30m",
    terminationGracePeriodSeconds: replicas > 1 ? 60 : 30,
    container: container(options),
    volumes: [
      { name: "config", configMap: { name: natsName } },
      { name: "run", emptyDir: {} },
    ],
    ...(replicas > 1 ? { topologySpreadConstraints: spread() } : {}),
  };
}

function spread(): k8s.TopologySpreadConstraint[] {
  return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(natsName) },
  }));
}

function container({ image, replicas }: NatsOptions): Pod["container"] {
  const health = (path: string): k8s.HttpGetAction => ({
    path,
    port: k8s.IntOrString.fromNumber(natsPorts.monitor),
  });
  return {
    image,
    args: ["--config", "/etc/nats/nats.conf"],
    ports: [
      { name: "tcp-nats", containerPort: natsPorts.client },
      { name: "tcp-monitor", containerPort: natsPorts.monitor },
      ...(replicas > 1 ? [{ name: "tcp-routes", containerPort: natsPorts.routes }] : []),
    ],
    env: [{ name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
    envFrom: [{ prefix: passwordPrefix, secretRef: { name: natsUsersSecret } }],
    // Ready once its streams are recovered; alive as long as it takes connections, whatever the streams do.
    startupProbe: {
      httpGet: health("/healthz?js-enabled-only=true"),
      periodSeconds: 1,
      failureThreshold: 120,
    },
    readinessProbe: { httpGet: health("/healthz?js-server-only=true"), periodSeconds: 2, timeoutSeconds: 2 },
    livenessProbe: {
      httpGet: health("/healthz?js-enabled-only=true"),
      periodSeconds: 10,
      failureThreshold: 6,
      timeoutSeconds: 5,
    },
    ...(replicas > 1
      ? {
          lifecycle: {
            preStop: { exec: { command: ["nats-server", "--signal", "ldm=/run/nats/nats.pid"] } },
          },
        }
      : {}),
    resources: resources("80m", "64Mi", "512Mi"),
    volumeMounts: [
      { name: "config", mountPath: "/etc/nats", readOnly: true },
      { name: "data", mountPath: dataFolder },
      { name: "run", mountPath: "/run/nats" },
    ],
  };
}
