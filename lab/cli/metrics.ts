import { Argument, Command } from "commander";

import { type ServiceName, serviceNames } from "../../lib/events";
import { withSystem } from "../target/system";
import { quantile, type Sample } from "../telemetry/open-metrics";
import { scrape } from "../telemetry/scrape";
import { note, painter, print, printJson, table } from "./terminal";

type Metric = { name: string; labels: Record<string, string>; value: number };

export function metricsCommand(): Command {
  return new Command("metrics")
    .description("the metrics of the services as they are now; docs/metrics.md explains each")
    .addArgument(new Argument("[service]", "only of this service").choices(serviceNames))
    .option("--all", "Node's own metrics and the buckets of histograms too")
    .option("--json", "print JSON")
    .action(async (service: ServiceName | undefined, options: { all?: boolean; json?: boolean }) => {
      const services = service === undefined ? serviceNames : [service];
      const samples = await withSystem({ changes: false }, (system) => scrape(system, services));
      const metrics = options.all === true ? samples : summarize(samples);
      if (options.json === true) printJson(metrics);
      else show(metrics);
    });
}

const seriesOf = ({ name, labels }: Sample): string => {
  const rest = Object.entries(labels).filter(([key]) => key !== "le");
  return JSON.stringify([name.replace(/_(bucket|count|sum)$/, ""), rest]);
};

/** Without Node's own, and each histogram as its count, median and 99th percentile. */
function summarize(samples: Sample[]): Metric[] {
  const buckets = new Map<string, Map<number, number>>();
  for (const sample of samples.filter(({ name }) => name.endsWith("_bucket"))) {
    const bounds = buckets.get(seriesOf(sample)) ?? new Map<number, number>();
    bounds.set(sample.labels.le === "+Inf" ? Infinity : Number(sample.labels.le), sample.value);
    buckets.set(seriesOf(sample), bounds);
  }
  return samples.flatMap((sample) => {
    const { name, labels } = sample;
    if (/^(nodejs|process)_(?!eventloop_lag_p99)|_(bucket|sum)$/.test(name)) return [];
    const bounds = name.endsWith("_count") ? buckets.get(seriesOf(sample)) : undefined;
    if (bounds === undefined) return [sample];
    const base = name.replace(/_count$/, "");
    const at = (q: number): Metric => ({
      name: base,
      labels: { ...labels, quantile: String(q) },
      value: quantile(bounds, q),
    });
    return [sample, at(0.5), at(0.99)];
  });
}

function show(metrics: Metric[]): void {
  if (metrics.length === 0) {
    note("no service answers");
    return;
  }
  const paint = painter(process.stdout);
  const rows = metrics.map(({ name, labels, value }) => {
    const { service = "", ...rest } = labels;
    const pairs = Object.entries(rest).map(([key, of]) => `${key}=${of}`);
    return [
      service,
      name,
      paint("dim", pairs.join(" ")),
      Number.isInteger(value) ? String(value) : value.toPrecision(4),
    ];
  });
  print(
    table(
      ["service", "metric", "labels", "value"].map((title) => paint("bold", title)),
      rows,
    ),
  );
}
