import { RateLimiterMemory } from "rate-limiter-flexible";

import type { Database } from "../../lib/db";
import type { Log } from "../../lib/log";
import type { WindowLimits } from "./api-route";
import type { Quota } from "./quota";
import { countRequest, deleteOldCounters, type Usage } from "./store";

/** Counting is worth less than answering: a database that takes longer is done without. */
const databaseDeadlineMs = 500;
const cleanUpMs = 600_000;
const mostBlocked = 10_000;

/** What the two windows have left, as quotas; a window without a limit is left out. */
export function toQuotas(usage: Usage, { perMinute, perHour }: WindowLimits): Quota[] {
  const quotas: Quota[] = [];
  const add = (
    name: "minute" | "hour",
    limit: number | undefined,
    used: { count: number; leftMs: number },
  ): void => {
    if (limit === undefined) return;
    quotas.push({
      name,
      limit,
      windowSeconds: name === "minute" ? 60 : 3600,
      remaining: Math.max(limit - used.count, 0),
      resetSeconds: Math.max(1, Math.ceil(used.leftMs / 1000)),
      exceeded: used.count > limit,
    });
  };
  add("minute", perMinute, { count: usage.minuteUsed, leftMs: usage.minuteLeftMs });
  add("hour", perHour, { count: usage.hourUsed, leftMs: usage.hourLeftMs });
  return quotas;
}

/** Counts in this process: while the database is down, each replica allows the limit on its own. */
function createInsurance(): (client: string, limits: WindowLimits) => Promise<Usage> {
  // no limit of their own: they only count, and toQuotas compares
  const points = Number.MAX_SAFE_INTEGER;
  const minutes = new RateLimiterMemory({ keyPrefix: "minute", points, duration: 60 });
  const hours = new RateLimiterMemory({ keyPrefix: "hour", points, duration: 3600 });
  return async (client, { route, perMinute }) => {
    const key = `${route} ${client}`;
    const minute = await minutes.penalty(key);
    const refused = perMinute !== undefined && minute.consumedPoints > perMinute;
    const hour = refused ? await hours.get(key) : await hours.penalty(key);
    return {
      minuteUsed: minute.consumedPoints,
      minuteLeftMs: minute.msBeforeNext,
      hourUsed: hour?.consumedPoints ?? 0,
      hourLeftMs: hour?.msBeforeNext ?? 0,
    };
  };
}

/** Clients that have used up a window: until it ends they cost no statement, so a flood is cheap. */
function createBlockList(): {
  find(key: string): Quota[] | undefined;
  add(key: string, quotas: Quota[]): void;
} {
  const blocked = new Map<string, { until: number; quotas: Quota[] }>();
  return {
    find(key) {
      const entry = blocked.get(key);
      if (!entry) return undefined;
      const leftSeconds = Math.ceil((entry.until - performance.now()) / 1000);
      if (leftSeconds <= 0) {
        blocked.delete(key);
        return undefined;
      }
      return entry.quotas.map((quota) => (quota.exceeded ? { ...quota, resetSeconds: leftSeconds } : quota));
    },
    add(key, quotas) {
      const exceeded = quotas.filter((quota) => quota.exceeded);
      if (exceeded.length === 0) return;
      const seconds = Math.max(...exceeded.map((quota) => quota.resetSeconds));
      blocked.set(key, { until: performance.now() + seconds * 1000, quotas });
      const [oldest] = blocked.keys();
      if (blocked.size > mostBlocked && oldest !== undefined) blocked.delete(oldest);
    },
  };
}

async function within<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export type WindowLimiter = {
  /** Counts one request of `client` and tells what is left. Never throws. */
  count(client: string, limits: WindowLimits): Promise<Quota[]>;
  stop(): Promise<void>;
};

/**
 * Limits per minute and hour that all replicas share through the database, one statement per request. While
 * the database is down each replica counts in memory.
 */
export function createWindowLimiter({ db, log }: { db: Database; log: Log }): WindowLimiter {
  const insurance = createInsurance();
  const blockList = createBlockList();
  let shared = true;

  async function usage(client: string, limits: WindowLimits): Promise<Usage> {
    try {
      const counting = countRequest(
        db,
        { client, route: limits.route },
        {
          perMinute: limits.perMinute,
          perHour: limits.perHour,
        },
      );
      const result = await within(counting, databaseDeadlineMs);
      if (!shared) log.info("rate limits are shared through the database again");
      shared = true;
      return result;
    } catch (error) {
      if (shared)
        log.warn({ err: error }, "rate limits are counted in this replica: the database does not answer");
      shared = false;
      return insurance(client, limits);
    }
  }

  const timer = setInterval(() => {
    deleteOldCounters(db).catch((error: unknown) =>
      log.warn({ err: error }, "old rate limits were not deleted"),
    );
  }, cleanUpMs);
  timer.unref();

  return {
    async count(client, limits) {
      if (limits.perMinute === undefined && limits.perHour === undefined) return [];
      const key = `${limits.route} ${client}`;
      const known = blockList.find(key);
      if (known) return known;
      const quotas = toQuotas(await usage(client, limits), limits);
      blockList.add(key, quotas);
      return quotas;
    },
    stop() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}
