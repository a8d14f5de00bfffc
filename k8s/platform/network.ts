import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { grafanaName, lokiPort } from "./grafana";
import { jaegerName, jaegerPorts } from "./jaeger";
import { mailName, mailPorts } from "./mail";
import { natsName } from "./nats";
import { natsPorts } from "./nats-config";
import { labelsOf, platformNamespace, selectorOf, servicesNamespace } from "./pod";
import { postgresName, postgresPort } from "./postgres";
import { prometheusName, prometheusPort } from "./prometheus";
import { istioNamespace } from "./prometheus-config";
import { provisionerName } from "./provisioner";

const ports = (...numbers: number[]): k8s.NetworkPolicyPort[] =>
  numbers.map((number) => ({ port: k8s.IntOrString.fromNumber(number) }));

const podsOf = (namespace: string, labels?: Record<string, string>): k8s.NetworkPolicyPeer => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
  ...(labels === undefined ? {} : { podSelector: { matchLabels: labels } }),
});
const services = podsOf(servicesNamespace, { "app.kubernetes.io/part-of": "symphony" });
const here = (name: string): k8s.NetworkPolicyPeer => ({ podSelector: { matchLabels: selectorOf(name) } });

/** What every pod with a sidecar needs: names, and istiod for its certificate and configuration. */
const basics: k8s.NetworkPolicyEgressRule[] = [
  {
    to: [podsOf("kube-system", { "k8s-app": "kube-dns" })],
    ports: ["UDP", "TCP"].map((protocol) => ({ protocol, port: k8s.IntOrString.fromNumber(53) })),
  },
  { to: [podsOf("istio-system", { app: "istiod" })], ports: ports(15012) },
];

/** Metrics of a pod and its sidecar, merged by the sidecar's agent. */
const metrics: k8s.NetworkPolicyIngressRule = { from: [here(prometheusName)], ports: ports(15020) };

function addPolicy(
  scope: Construct,
  name: string,
  {
    ingress = [],
    egress = [],
  }: { ingress?: k8s.NetworkPolicyIngressRule[]; egress?: k8s.NetworkPolicyEgressRule[] },
): void {
  new k8s.KubeNetworkPolicy(scope, `network-${name}`, {
    metadata: { name, namespace: platformNamespace, labels: labelsOf(name) },
    spec: {
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [...ingress, metrics],
      egress: [...basics, ...egress],
    },
  });
}

export type NetworkOptions = { brokers: number; databases: boolean; mail: boolean };

/** In both namespaces nothing reaches anything but what a policy lets through. The services' are the chart's. */
export function addNetworkPolicies(scope: Construct, options: NetworkOptions): void {
  for (const namespace of [servicesNamespace, platformNamespace]) {
    new k8s.KubeNetworkPolicy(scope, `deny-${namespace}`, {
      metadata: { name: "default-deny", namespace, labels: { "app.kubernetes.io/part-of": "symphony" } },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    });
  }
  const routes = options.brokers > 1;
  addPolicy(scope, natsName, {
    ingress: [
      { from: [services, here(provisionerName)], ports: ports(natsPorts.client) },
      ...(routes ? [{ from: [here(natsName)], ports: ports(natsPorts.routes) }] : []),
    ],
    egress: routes ? [{ to: [here(natsName)], ports: ports(natsPorts.routes) }] : [],
  });
  if (options.databases)
    addPolicy(scope, postgresName, {
      ingress: [{ from: [services, here(provisionerName)], ports: ports(postgresPort) }],
    });
  if (options.mail)
    addPolicy(scope, mailName, {
      ingress: [
        { from: [podsOf(servicesNamespace, selectorOf("notification"))], ports: ports(mailPorts.smtp) },
      ],
    });
  addTelemetryPolicies(scope);
  addPolicy(scope, provisionerName, {
    egress: [
      { to: [here(natsName)], ports: ports(natsPorts.client) },
      ...(options.databases ? [{ to: [here(postgresName)], ports: ports(postgresPort) }] : []),
    ],
  });
}

function addTelemetryPolicies(scope: Construct): void {
  addPolicy(scope, jaegerName, {
    ingress: [
      {
        from: [services, podsOf(istioNamespace, { istio: "ingressgateway" })],
        ports: ports(jaegerPorts.otlp),
      },
    ],
  });
  addPolicy(scope, prometheusName, {
    egress: [
      { to: [podsOf(servicesNamespace), podsOf(platformNamespace)], ports: ports(15020) },
      { to: [podsOf(istioNamespace)], ports: ports(15014, 15020) },
      // Which pods there are. The API server is no pod that a rule could name, and its address differs.
      { ports: ports(443, 6443) },
    ],
  });
}

/** Grafana asks Prometheus, Jaeger and, where there is one, Loki. It is itself reached by a forwarded port alone. */
export function addGrafanaNetworkPolicies(scope: Construct): void {
  const asked = [
    [prometheusName, prometheusPort],
    [jaegerName, jaegerPorts.query],
  ] as const;
  addPolicy(scope, grafanaName, {
    egress: [
      ...asked.map(([name, port]) => ({ to: [here(name)], ports: ports(port) })),
      { to: [here("loki")], ports: ports(lokiPort) },
    ],
  });
  for (const [name, port] of asked) {
    new k8s.KubeNetworkPolicy(scope, `network-${name}-${grafanaName}`, {
      metadata: {
        name: `${name}-from-${grafanaName}`,
        namespace: platformNamespace,
        labels: labelsOf(grafanaName),
      },
      spec: {
        podSelector: { matchLabels: selectorOf(name) },
        policyTypes: ["Ingress"],
        ingress: [{ from: [here(grafanaName)], ports: ports(port) }],
      },
    });
  }
}
