import { createConsumerMetrics } from "../../lib/consumer-metrics";
import { type Database } from "../../lib/db";
import { serviceNames } from "../../lib/events";
import { createMetrics, type Metrics } from "../../lib/metrics";
import { createRelayMetrics } from "../../lib/relay-metrics";
import { createGatewayMetrics } from "../../services/gateway/gateway-metrics";
import { createMailCounter } from "../../services/notification/sender";
import { createOrderMetrics } from "../../services/order/metrics";
import { markdownTable } from "./markdown";

export type MetricDescription = {
  name: string;
  help: string;
  type: string;
  labels: string[];
  /** Upper bounds of a histogram. */
  buckets: number[];
  exemplars: boolean;
};

/** What prom-client keeps of a metric and leaves out of its types. */
type Registered = {
  name: string;
  help: string;
  type: string;
  labelNames: string[];
  upperBounds?: number[];
  enableExemplars: boolean;
};

/** Only asked at a scrape, and there is none here. */
const noDatabase = {} as Database;
const nothing = (): Promise<undefined> => Promise.resolve(undefined);

const owners: { title: string; intro: string; register(metrics: Metrics): void }[] = [
  {
    title: "Every service",
    intro:
      "One histogram per protocol gives rate (its count), errors (its status) and duration per route. `route` is the " +
      "template, never the path: what no route takes is `unmatched`, at the gateway `/api/*`.",
    register: () => undefined,
  },
  {
    title: "The outbox of every service",
    intro: "The relay's rate is `rate(outbox_published_events_total[1m])`.",
    register: (metrics) => createRelayMetrics(noDatabase, metrics),
  },
  {
    title: "Services that consume events",
    intro: "`outcome` is `handled`, `duplicate`, `skipped`, `retried` or `dead`.",
    register: (metrics) => createConsumerMetrics(metrics, { lag: nothing, deadLetters: nothing }),
  },
  {
    title: "gateway",
    intro: "`service` is the one that the request was for, `none` where there is none.",
    register: ({ registry }) =>
      createGatewayMetrics({ registry, services: serviceNames, readBreakers: undefined }),
  },
  {
    title: "order",
    intro: "`pattern` is `rest`, `grpc`, `events` or `saga`; `outcome` is `confirmed` or `failed`.",
    register: (metrics) => createOrderMetrics(metrics, noDatabase),
  },
  { title: "notification", intro: "Mails to customers.", register: createMailCounter },
];

function registeredIn({ registry }: Metrics): MetricDescription[] {
  return (registry.getMetricsAsArray() as unknown as Registered[]).map((metric) => ({
    name: metric.name,
    help: metric.help,
    type: metric.type,
    labels: metric.labelNames.filter((label) => label !== "le"),
    buckets: metric.upperBounds ?? [],
    exemplars: metric.enableExemplars,
  }));
}

const isNodes = ({ name }: MetricDescription): boolean => /^(nodejs|process)_/.test(name);

/** What each owner adds to the registry of a service, by title. */
export function describeMetrics(): { title: string; intro: string; metrics: MetricDescription[] }[] {
  const common = new Set(registeredIn(createMetrics("docs")).map(({ name }) => name));
  return owners.map(({ title, intro, register }, index) => {
    const metrics = createMetrics("docs");
    register(metrics);
    const all = registeredIn(metrics).filter((metric) => !isNodes(metric));
    return { title, intro, metrics: index === 0 ? all : all.filter(({ name }) => !common.has(name)) };
  });
}

function row({ name, help, type, labels, exemplars, buckets }: MetricDescription): string[] {
  const bounds = buckets.length === 0 ? "" : ` Buckets: ${buckets.join(", ")}.`;
  return [
    `\`${name}\``,
    exemplars ? `${type}, exemplars` : type,
    labels.map((label) => `\`${label}\``).join(", "),
    `${help}.${bounds}`,
  ];
}

function nodeMetrics(): string {
  const names = registeredIn(createMetrics("docs"))
    .filter(isNodes)
    .map(({ name }) => `\`${name}\``);
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}.`;
}

/** docs/metrics.md: the metrics for a reader. */
export function metricsMarkdown(): string {
  const parts = [
    "<!-- Generated from the code by `npm run generate`; edit that instead. -->",
    "# Metrics",
    "Every service serves its metrics at `/metrics` in the OpenMetrics format, each with the label `service`. Durations " +
      "are in seconds. Histograms with exemplars join a bucket to the trace of a request that fell into it (`trace_id`, " +
      "`span_id`), where that trace was recorded. [observability.md](observability.md) shows how to look at them.",
    ...describeMetrics().flatMap(({ title, intro, metrics }) => [
      `## ${title}`,
      intro,
      markdownTable(["metric", "type", "labels", "meaning"], metrics.map(row)),
    ]),
    "## Node.js",
    "Of prom-client, in every service. The event loop's lag is `nodejs_eventloop_lag_*`.",
    nodeMetrics(),
  ];
  return `${parts.join("\n\n")}\n`;
}
