/** 0 closed, 1 half-open, 2 open. */
export type BreakerState = 0 | 1 | 2;

type Cluster = { service: string; ejected: number; total: number };

/**
 * `cluster.outbound|8080||order.symphony.svc.cluster.local.membership_total: 2`, with a subset between the
 * bars or none, and in newer versions of Istio a `;` behind the host.
 */
const line =
  /^cluster\.(outbound\|\d+\|[^|]*\|([a-z0-9-]+)[^:;]*?);?\.(outlier_detection\.ejections_active|membership_total): (\d+)$/;

function state({ ejected, total }: Cluster): BreakerState {
  if (ejected === 0) return 0;
  return ejected >= total ? 2 : 1;
}

/**
 * The breaker of each service, from the statistics of its sidecar as text (Envoy's /stats). Envoy ejects
 * hosts rather than opening a breaker: all hosts of a service ejected is open, some is half-open. Of several
 * clusters of a service (subsets) the worst counts. Lines of other clusters are skipped.
 */
export function parseBreakers(stats: string): Map<string, BreakerState> {
  const clusters = new Map<string, Cluster>();
  for (const text of stats.split("\n")) {
    const [, name, service, counter, value] = line.exec(text.trim()) ?? [];
    if (name === undefined || service === undefined) continue;
    const cluster = clusters.get(name) ?? { service, ejected: 0, total: 0 };
    if (counter === "membership_total") cluster.total = Number(value);
    else cluster.ejected = Number(value);
    clusters.set(name, cluster);
  }
  const breakers = new Map<string, BreakerState>();
  for (const cluster of clusters.values()) {
    const worst = Math.max(breakers.get(cluster.service) ?? 0, state(cluster)) as BreakerState;
    breakers.set(cluster.service, worst);
  }
  return breakers;
}

const statsDeadlineMs = 500;
const filter = "^cluster\\.outbound.*(outlier_detection\\.ejections_active|membership_total)$";

/** Reads the breakers from the sidecar's admin endpoint `statsUrl`. Throws where it does not answer. */
export async function readBreakers(statsUrl: string): Promise<Map<string, BreakerState>> {
  const url = new URL(statsUrl);
  url.searchParams.set("filter", filter);
  const response = await fetch(url, { signal: AbortSignal.timeout(statsDeadlineMs) });
  if (!response.ok) throw new Error(`the sidecar answered its statistics with status ${response.status}`);
  return parseBreakers(await response.text());
}
