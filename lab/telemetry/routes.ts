import { type Buckets, quantile, type Sample } from "./open-metrics";

/** Requests of one route between two scrapes. Times are ms; NaN where there was no request. */
export type RouteRow = {
  service: string;
  route: string;
  perSecond: number;
  /** The part that was answered without a fault of the server. */
  success: number;
  p50: number;
  p95: number;
  p99: number;
  /** Requests that the mesh had sent before, per second. */
  retriesPerSecond: number;
};

type Counts = { total: number; failed: number; retries: number; buckets: Buckets };

const httpName = "http_server_request_duration_seconds";
const rpcName = "rpc_server_call_duration_seconds";
const retriesName = "http_server_retried_requests_total";
const probes: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);
const rpcFaults: ReadonlySet<string> = new Set(
  "UNKNOWN DEADLINE_EXCEEDED UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS".split(" "),
);

function routeOf({ name, labels }: Sample): string {
  const route = labels.route ?? "";
  const method = labels.method ?? "";
  return name.startsWith("rpc_") || (name === retriesName && route === "") ? method : `${method} ${route}`;
}

const isFault = ({ name, labels }: Sample): boolean =>
  name.startsWith("rpc_") ? rpcFaults.has(labels.code ?? "") : Number(labels.status) >= 500;

function add(counts: Counts, sample: Sample): void {
  const { name, labels, value } = sample;
  if (name === retriesName) counts.retries += value;
  else if (name.endsWith("_count")) {
    counts.total += value;
    if (isFault(sample)) counts.failed += value;
  } else if (name.endsWith("_bucket")) {
    const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
    counts.buckets.set(bound, (counts.buckets.get(bound) ?? 0) + value);
  }
}

function collect(samples: Sample[]): Map<string, Counts> {
  const routes = new Map<string, Counts>();
  for (const sample of samples) {
    const { name, labels } = sample;
    const base = name.replace(/_(bucket|count|sum)$/, "");
    if (![httpName, rpcName, retriesName].includes(base) || probes.has(labels.route ?? "")) continue;
    const key = `${labels.service ?? ""}\t${routeOf(sample)}`;
    const counts = routes.get(key) ?? { total: 0, failed: 0, retries: 0, buckets: new Map<number, number>() };
    routes.set(key, counts);
    add(counts, sample);
  }
  return routes;
}

/** A counter that is lower than before belongs to a process that was started anew. */
const since = (now: number, before = 0): number => (now >= before ? now - before : now);

/** What happened between two scrapes of all processes, the busiest route first; routes without a request are left out. */
export function compareRoutes(before: Sample[], now: Sample[], seconds: number): RouteRow[] {
  const old = collect(before);
  const rows = [...collect(now)].map(([key, counts]): RouteRow => {
    const past = old.get(key);
    const [service = "", route = ""] = key.split("\t");
    const total = since(counts.total, past?.total);
    const buckets: Buckets = new Map(
      [...counts.buckets].map(([bound, count]) => [bound, since(count, past?.buckets.get(bound))]),
    );
    return {
      service,
      route,
      perSecond: total / seconds,
      success: total === 0 ? Number.NaN : 1 - since(counts.failed, past?.failed) / total,
      p50: quantile(buckets, 0.5) * 1000,
      p95: quantile(buckets, 0.95) * 1000,
      p99: quantile(buckets, 0.99) * 1000,
      retriesPerSecond: since(counts.retries, past?.retries) / seconds,
    };
  });
  return rows.filter(({ perSecond }) => perSecond > 0).sort((a, b) => b.perSecond - a.perSecond);
}
