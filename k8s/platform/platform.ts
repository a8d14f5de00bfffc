import { type App, Chart } from "cdk8s";

import { addMail } from "./mail";
import { addMeshPolicies } from "./mesh";
import { addNamespaces } from "./namespaces";
import { addNats } from "./nats";
import { addNetworkPolicies } from "./network";
import { addPostgres } from "./postgres";
import { addProvisioner } from "./provisioner";

export type PlatformOptions = {
  /** One broker, or three and streams with three copies. */
  brokers: 1 | 3;
  /** Postgres in the cluster; where it is not, each service's Secret names a database elsewhere. */
  databases: boolean;
  /** A mail server that delivers nothing. */
  mail: boolean;
};

/** The kinds of platform, by the name of the file in dist/. */
export const variants = {
  kind: { brokers: 1, databases: true, mail: true },
  // Production's brokers where the rest is a kind cluster's: skaffold run -p nats3.
  "kind-nats3": { brokers: 3, databases: true, mail: true },
  production: { brokers: 3, databases: false, mail: false },
} as const satisfies Record<string, PlatformOptions>;
export type VariantName = keyof typeof variants;

const images = { nats: "nats:2-alpine", postgres: "postgres:18-bookworm" };

/** The two namespaces, in a file of their own: Secrets are made in them before anything else is. */
export function createNamespaces(app: App): Chart {
  const chart = new Chart(app, "namespaces", { disableResourceNameHashes: true });
  addNamespaces(chart);
  return chart;
}

/** Everything that the nine services stand on. */
export function createPlatform(app: App, name: string, options: PlatformOptions): Chart {
  const { brokers, databases, mail } = options;
  const chart = new Chart(app, name, { disableResourceNameHashes: true });
  addNetworkPolicies(chart, options);
  addMeshPolicies(chart, options);
  addNats(chart, { replicas: brokers, image: images.nats });
  if (databases) addPostgres(chart, { image: images.postgres });
  if (mail) addMail(chart);
  addProvisioner(chart, { streamReplicas: brokers, databases });
  return chart;
}
