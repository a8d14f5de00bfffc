import { z } from "zod";

const sample = z.object({
  metric: z.record(z.string(), z.string()),
  value: z.tuple([z.number(), z.string()]),
});
const result = z.object({ data: z.object({ result: z.array(sample) }) });
const alerts = z.object({
  data: z.object({
    alerts: z.array(z.object({ labels: z.record(z.string(), z.string()), state: z.string() })),
  }),
});
const exemplar = z.object({ labels: z.record(z.string(), z.string()), timestamp: z.number() });
const exemplars = z.object({ data: z.array(z.object({ exemplars: z.array(exemplar) })) });
const targets = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.record(z.string(), z.string()), health: z.string(), lastError: z.string() }),
    ),
  }),
});

export type Sample = { labels: Record<string, string>; value: number };

/** Prometheus' API at `url`. Everything throws what it says where it refuses. */
export function askPrometheus(url: string) {
  const ask = async (path: string, parameters: Record<string, string> = {}): Promise<unknown> => {
    const query = new URLSearchParams(parameters).toString();
    const response = await fetch(`${url}/api/v1/${path}?${query}`, { signal: AbortSignal.timeout(30_000) });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    return response.json();
  };
  return {
    /** What an expression gives now. */
    async query(expr: string): Promise<Sample[]> {
      const { data } = result.parse(await ask("query", { query: expr }));
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    /** The labels of the alerts of a name that fire. */
    async firing(name: string): Promise<Record<string, string>[]> {
      const { data } = alerts.parse(await ask("alerts"));
      return data.alerts
        .filter(({ labels, state }) => labels.alertname === name && state === "firing")
        .map(({ labels }) => labels);
    },
    /** The traces that points of a histogram's buckets lead to, the newest point first. */
    async exemplars(expr: string): Promise<string[]> {
      const end = Date.now() / 1000;
      const range = { start: String(end - 600), end: String(end) };
      const { data } = exemplars.parse(await ask("query_exemplars", { query: expr, ...range }));
      const points = data.flatMap((series) => series.exemplars).sort((a, b) => b.timestamp - a.timestamp);
      return points.map(({ labels }) => labels.trace_id ?? "");
    },
    async targets() {
      return targets.parse(await ask("targets", { state: "active" })).data.activeTargets;
    },
  };
}
export type Prometheus = ReturnType<typeof askPrometheus>;
