import type { Quota } from "./quota";

/** Tokens left at the time `at` (ms). */
export type Bucket = { tokens: number; at: number };

/**
 * Takes one token at `now` (ms). A bucket holds `burst` tokens, and `perSecond` flow in; a new client's is
 * full. `waitMs` is how long until there is a token where there was none.
 */
export function takeToken(
  bucket: Bucket | undefined,
  now: number,
  { perSecond, burst }: { perSecond: number; burst: number },
): { bucket: Bucket; allowed: boolean; waitMs: number } {
  const gained = bucket ? (Math.max(now - bucket.at, 0) * perSecond) / 1000 : burst;
  const tokens = Math.min((bucket?.tokens ?? 0) + gained, burst);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, allowed: true, waitMs: 0 };
  return { bucket: { tokens, at: now }, allowed: false, waitMs: ((1 - tokens) * 1000) / perSecond };
}

/** Beyond this the least recently seen clients are forgotten, which gives them a full bucket again. */
const mostClients = 100_000;

/**
 * The article's `rate.NewLimiter(100, 10)` for each client: a token bucket, which the library does not have
 * (its windows let a client send two bursts across their edge). In memory and per replica: 100 requests a
 * second are too many to share a counter for, and the limit protects this replica. Undefined where
 * `perSecond` is 0: no limit.
 */
export function createClientLimiter(
  limits: { perSecond: number; burst: number },
  clock: () => number = () => performance.now(),
): (client: string) => Quota | undefined {
  const { perSecond, burst } = limits;
  if (perSecond === 0) return () => undefined;
  // in the order in which they were last seen
  const buckets = new Map<string, Bucket>();
  const fullAfterMs = (burst * 1000) / perSecond;

  function forget(now: number): void {
    let looked = 0;
    for (const [client, { at }] of buckets) {
      // two per request: more leave than can come
      if (++looked > 2 || (now - at < fullAfterMs && buckets.size <= mostClients)) return;
      buckets.delete(client);
    }
  }

  return (client) => {
    const now = clock();
    const { bucket, allowed, waitMs } = takeToken(buckets.get(client), now, limits);
    buckets.delete(client);
    buckets.set(client, bucket);
    forget(now);
    return {
      name: "second",
      limit: perSecond,
      windowSeconds: 1,
      remaining: Math.floor(bucket.tokens),
      resetSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
      exceeded: !allowed,
    };
  };
}
