import { type Construct } from "constructs";

import { type ServiceName, serviceNames } from "../../lib/events";
import {
  AuthorizationPolicy,
  AuthorizationPolicySpecAction,
  type AuthorizationPolicySpecRules,
  PeerAuthentication,
  PeerAuthenticationSpecMtlsMode,
} from "../imports/security.istio.io";
import { grafanaName } from "./grafana";
import { jaegerName, jaegerPorts } from "./jaeger";
import { mailName, mailPorts } from "./mail";
import { natsName } from "./nats";
import { natsPorts } from "./nats-config";
import { labelsOf, platformNamespace as namespace, selectorOf, servicesNamespace } from "./pod";
import { postgresName, postgresPort } from "./postgres";
import { prometheusName, prometheusPort } from "./prometheus";
import { provisionerName } from "./provisioner";

const serviceAccount = (service: ServiceName): string =>
  `cluster.local/ns/${servicesNamespace}/sa/${service}`;
/** As Istio's Helm chart of the gateway names it, and mesh/base too. */
const ingressAccount = "cluster.local/ns/istio-system/sa/istio-ingressgateway";
const platformAccount = (name: string): string => `cluster.local/ns/${namespace}/sa/${name}`;

function rule(port: number, principals: string[]): AuthorizationPolicySpecRules {
  return { from: [{ source: { principals } }], to: [{ operation: { ports: [String(port)] } }] };
}

function addAllow(scope: Construct, name: string, rules: AuthorizationPolicySpecRules[]): void {
  new AuthorizationPolicy(scope, `allow-${name}`, {
    metadata: { name, namespace, labels: labelsOf(name) },
    spec: { selector: { matchLabels: selectorOf(name) }, action: AuthorizationPolicySpecAction.ALLOW, rules },
  });
}

/** Who may talk to the platform, by identity: mutual TLS only, and a rule per server. */
export function addMeshPolicies(
  scope: Construct,
  options: { brokers: number; databases: boolean; mail: boolean },
): void {
  new PeerAuthentication(scope, "strict", {
    metadata: { name: "strict", namespace },
    spec: { mtls: { mode: PeerAuthenticationSpecMtlsMode.STRICT } },
  });
  // An ALLOW policy without rules matches nothing, so whatever no other policy allows is refused.
  new AuthorizationPolicy(scope, "allow-nothing", {
    metadata: { name: "allow-nothing", namespace },
    spec: {},
  });
  const clients = [...serviceNames.map(serviceAccount), platformAccount(provisionerName)];
  addAllow(scope, natsName, [
    rule(natsPorts.client, clients),
    ...(options.brokers > 1 ? [rule(natsPorts.routes, [platformAccount(natsName)])] : []),
  ]);
  if (options.databases) addAllow(scope, postgresName, [rule(postgresPort, clients)]);
  if (options.mail) addAllow(scope, mailName, [rule(mailPorts.smtp, [serviceAccount("notification")])]);
  // Services and their sidecars send spans, and the ingress gateway does.
  addAllow(scope, jaegerName, [
    rule(jaegerPorts.otlp, [...serviceNames.map(serviceAccount), ingressAccount]),
  ]);
}

/** What Grafana asks, besides what the platform allows by itself. */
export function addGrafanaMeshPolicies(scope: Construct): void {
  for (const [name, port] of [
    [prometheusName, prometheusPort],
    [jaegerName, jaegerPorts.query],
  ] as const) {
    new AuthorizationPolicy(scope, `allow-${name}-${grafanaName}`, {
      metadata: { name: `${name}-from-${grafanaName}`, namespace, labels: labelsOf(grafanaName) },
      spec: {
        selector: { matchLabels: selectorOf(name) },
        action: AuthorizationPolicySpecAction.ALLOW,
        rules: [rule(port, [platformAccount(grafanaName)])],
      },
    });
  }
}
