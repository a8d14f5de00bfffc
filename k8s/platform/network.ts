import { k8s } from "cdk8s-plus-34";
import { type Construct } from "constructs";

import { mailName, mailPorts } from "./mail";
import { natsName } from "./nats";
import { natsPorts } from "./nats-config";
import { labelsOf, platformNamespace, selectorOf, servicesNamespace } from "./pod";
import { postgresName, postgresPort } from "./postgres";
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
const metrics: k8s.NetworkPolicyIngressRule = { from: [podsOf(platformNamespace)], ports: ports(15020) };

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
  addPolicy(scope, provisionerName, {
    egress: [
      { to: [here(natsName)], ports: ports(natsPorts.client) },
      ...(options.databases ? [{ to: [here(postgresName)], ports: ports(postgresPort) }] : []),
    ],
  });
}
