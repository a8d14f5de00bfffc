import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parser } from "@prometheus-io/lezer-promql";

import { objectives, ratioName, windows } from "../../k8s/alerts/objectives";
import { envoyMetrics } from "../../k8s/platform/envoy-metrics";
import { projectRoot } from "../../lib/paths";

/** A panel's expression with a value for each of Grafana's variables, as it would be asked. */
export const withValues = (expr: string, service = "inventory"): string =>
  expr.replaceAll("$__rate_interval", "1m").replaceAll("$service", service);

/** What an expression asks for. */
export type Parsed = { metrics: string[]; labels: string[]; wrong: string[] };

/** Names of metrics and labels in a PromQL expression; `wrong` are the pieces that are no PromQL. */
export function parsePromql(expr: string): Parsed {
  const found: Record<keyof Parsed, Set<string>> = {
    metrics: new Set(),
    labels: new Set(),
    wrong: new Set(),
  };
  parser.parse(expr).iterate({
    enter: ({ name, type, from, to, node }) => {
      const text = expr.slice(from, to);
      if (type.isError) found.wrong.add(`${expr.slice(Math.max(0, from - 20), from)}⟨here⟩${text}`);
      if (name === "Identifier" && node.parent?.name === "VectorSelector") found.metrics.add(text);
      if (name === "LabelName") found.labels.add(text);
    },
  });
  return { metrics: [...found.metrics], labels: [...found.labels], wrong: [...found.wrong] };
}

/** Of every series, by Prometheus itself and k8s/platform/prometheus-config.ts. */
const targetLabels = ["namespace", "pod", "app", "track", "instance", "job", "service", "le"];
const histogramSuffixes = ["_bucket", "_count", "_sum"];

type Known = [name: string, labels: readonly string[]];

const ofHistogram = (name: string, labels: readonly string[]): Known[] =>
  histogramSuffixes.map((suffix) => [name + suffix, labels]);

/** The tables of docs/metrics.md. */
function documented(text: string): Known[] {
  return [...text.matchAll(/^\| `(\w+)` +\| ([^|]+)\| ([^|]*)\|/gm)].flatMap(
    ([, name = "", type = "", list = ""]) => {
      const labels = [...list.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label);
      return type.startsWith("histogram") ? ofHistogram(name, labels) : [[name, labels] satisfies Known];
    },
  );
}

/** The list of Node's own metrics at the end of docs/metrics.md. */
function nodes(text: string): Known[] {
  const names = text.slice(text.indexOf("## Node.js")).match(/(?<=`)(nodejs|process)_\w+(?=`)/g) ?? [];
  return names.flatMap((name) => [
    [name, ["space", "kind", "type", "version"]] satisfies Known,
    ...(name === "nodejs_gc_duration_seconds" ? ofHistogram(name, ["kind"]) : []),
  ]);
}

/** The metrics that may be asked for, each with its labels: docs/metrics.md, the listed ones of Envoy, our own records. */
export function knownMetrics(): Map<string, ReadonlySet<string>> {
  const text = readFileSync(join(projectRoot, "docs", "metrics.md"), "utf8");
  const all: Known[] = [
    ["up", []],
    ["ALERTS", ["alertname", "alertstate", "severity"]],
    ...envoyMetrics.map(({ name, labels }): Known => [name, labels]),
    ...objectives.flatMap((one) => windows.map((window): Known => [ratioName(one, window), []])),
    ...documented(text),
    ...nodes(text),
  ];
  return new Map(all.map(([name, labels]) => [name, new Set([...labels, ...targetLabels])]));
}

/** What of an expression is no PromQL, or asks for a metric or label that nobody gives. */
export function problemsOf(expr: string, known: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const { metrics, labels, wrong } = parsePromql(expr);
  const unknown = metrics.filter((name) => !known.has(name));
  const possible = new Set(metrics.flatMap((name) => [...(known.get(name) ?? [])]));
  return [
    ...wrong.map((piece) => `no PromQL: ${piece}`),
    ...(metrics.length === 0 ? ["asks for no metric"] : []),
    ...unknown.map((name) => `unknown metric ${name}`),
    ...labels.filter((label) => !possible.has(label)).map((label) => `unknown label ${label}`),
  ];
}
