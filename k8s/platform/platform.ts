import { type App, Chart } from "cdk8s";

import { addGrafana } from "./grafana";
import { addJaeger } from "./jaeger";
import { addMail } from "./mail";
import { addGrafanaMeshPolicies, addMeshPolicies } from "./mesh";
import { addNamespaces } from "./namespaces";
import { addNats } from "./nats";
import { addGrafanaNetworkPolicies, addNetworkPolicies } from "./network";
import { addPostgres } from "./postgres";
import { addPrometheus, type PrometheusOptions } from "./prometheus";
import { addProvisioner } from "./provisioner";

export type PlatformOptions = {
  /** One broker, or three and streams with three copies. */
  brokers: 1 | 3;
  /** Postgres in the cluster; where it is not, each service's Secret names a database elsewhere. */
  databases: boolean;
  /** A mail server that delivers nothing. */
  mail: boolean;
  /** How long and how much Prometheus keeps. */
  retention: PrometheusOptions["retention"];
};

const shortRetention = { days: 4, size: "400MB" };

/** The kinds of platform, by the name of the file in dist/. */
export const variants = {
  kind: { brokers: 1, databases: true, mail: true, retention: shortRetention },
  // Production's brokers where the rest is a kind cluster's: skaffold run -p nats3.
  "kind-nats3": { brokers: 3, databases: true, mail: true, retention: shortRetention },
  production: {
    brokers: 3,
    databases: false,
    mail: false,
    retention: { days: 15, size: "18GB", volume: "20Gi" },
  },
} as const satisfies Record<string, PlatformOptions>;
export type VariantName = keyof typeof variants;

const images = {
  nats: "nats:2-alpine",
  postgres: "postgres:18-bookworm",
  jaeger: "jaegertracing/jaeger:2.13.0",
  prometheus: "prom/prometheus:v3.16.0",
  grafana: "grafana/grafana:12.2.0",
};

/** The two namespaces, in a file of their own: Secrets are made in them before anything else is. */
export function createNamespaces(app: App): Chart {
  const chart = new Chart(app, "namespaces", { disableResourceNameHashes: true });
  addNamespaces(chart);
  return chart;
}

/** Everything that the nine services stand on. */
export function createPlatform(app: App, name: string, options: PlatformOptions): Chart {
  const { brokers, databases, mail, retention } = options;
  const chart = new Chart(app, name, { disableResourceNameHashes: true });
  addNetworkPolicies(chart, options);
  addMeshPolicies(chart, options);
  addNats(chart, { replicas: brokers, image: images.nats });
  if (databases) addPostgres(chart, { image: images.postgres });
  if (mail) addMail(chart);
  addProvisioner(chart, { streamReplicas: brokers, databases });
  addJaeger(chart, { image: images.jaeger });
  addPrometheus(chart, { image: images.prometheus, retention });
  return chart;
}

/** Grafana, in a file of its own: not every test cluster can get its image, and nothing else depends on it. */
export function createGrafana(app: App): Chart {
  const chart = new Chart(app, "grafana", { disableResourceNameHashes: true });
  addGrafanaNetworkPolicies(chart);
  addGrafanaMeshPolicies(chart);
  addGrafana(chart, { image: images.grafana });
  return chart;
}
