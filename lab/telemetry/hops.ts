import { requestLocal } from "../../lib/local-http";
import { type ProcessState } from "../run/state";
import { parseStats } from "../target/envoy";

/** What a caller's sidecar counts of one callee since it began; `ejected` is how many of its replicas are ejected now. */
export type HopCounts = {
  from: string;
  to: string;
  requests: number;
  retries: number;
  timeouts: number;
  refused: number;
  ejected: number;
};

/** The same between two looks. */
export type HopRow = {
  from: string;
  to: string;
  perSecond: number;
  retriesPerSecond: number;
  /** Attempts that got no answer in time, each and the request as a whole. */
  timeoutsPerSecond: number;
  /** What the circuit breaker did not let through. */
  refusedPerSecond: number;
  ejected: number;
};

const counters: Record<string, "requests" | "retries" | "timeouts" | "refused" | "ejected"> = {
  upstream_rq_total: "requests",
  upstream_rq_retry: "retries",
  upstream_rq_timeout: "timeouts",
  upstream_rq_per_try_timeout: "timeouts",
  upstream_rq_pending_overflow: "refused",
  upstream_cx_overflow: "refused",
  "outlier_detection.ejections_active": "ejected",
};
const statistic =
  /^cluster\.outbound\|(\d+)\|([^|]*)\|([^.;]+)[^;]*;?\.(upstream_[a-z_]+|outlier_detection\.[a-z_]+)$/;

/** The counts of one sidecar from the text of Envoy's `/stats`. */
export function readHops(from: string, text: string): HopCounts[] {
  const hops = new Map<string, HopCounts>();
  for (const [name, value] of Object.entries(parseStats(text).values)) {
    const [, port = "", subset = "", host = "", counter = ""] = statistic.exec(name) ?? [];
    const field = counters[counter];
    if (field === undefined) continue;
    const to = `${host}:${port}${subset === "" ? "" : ` (${subset})`}`;
    const hop = hops.get(to) ?? { from, to, requests: 0, retries: 0, timeouts: 0, refused: 0, ejected: 0 };
    hop[field] += value;
    hops.set(to, hop);
  }
  return [...hops.values()];
}

/** Asks every sidecar of this machine; one that does not answer is left out. */
export async function scrapeHops(processes: readonly ProcessState[]): Promise<HopCounts[]> {
  const sidecars = processes.filter(({ kind, url }) => kind === "sidecar" && url !== undefined);
  const found = await Promise.all(
    sidecars.map(async ({ name, url = "" }) => {
      const address = { host: "127.0.0.1", port: Number(new URL(url).port) };
      const answer = await requestLocal(address, "/stats?filter=%5Ecluster.outbound").catch(() => undefined);
      return answer === undefined ? [] : readHops(name.replace(/-sidecar$/, ""), answer.body);
    }),
  );
  // Where spans go is no callee of the application's.
  return found.flat().filter(({ to }) => !to.startsWith("otel-collector:"));
}

/** A counter that is lower than before belongs to a sidecar that was started anew. */
const since = (now: number, before = 0): number => (now >= before ? now - before : now);

/** What happened between two looks, the busiest hop first; those without a request or an ejection are left out. */
export function compareHops(before: HopCounts[], now: HopCounts[], seconds: number): HopRow[] {
  const past = new Map(before.map((hop) => [`${hop.from} ${hop.to}`, hop]));
  return now
    .map((hop): HopRow => {
      const old = past.get(`${hop.from} ${hop.to}`);
      return {
        from: hop.from,
        to: hop.to,
        perSecond: since(hop.requests, old?.requests) / seconds,
        retriesPerSecond: since(hop.retries, old?.retries) / seconds,
        timeoutsPerSecond: since(hop.timeouts, old?.timeouts) / seconds,
        refusedPerSecond: since(hop.refused, old?.refused) / seconds,
        ejected: hop.ejected,
      };
    })
    .filter(({ perSecond, refusedPerSecond, ejected }) => perSecond + refusedPerSecond + ejected > 0)
    .sort((a, b) => b.perSecond - a.perSecond);
}
