import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";

import { type Pattern } from "../../../lib/events";
import { createShopClient, type ShopClient } from "../../load/client";
import { withDatabase } from "../../run/clients";
import { type RunningArm } from "./arms";
import { countOpen } from "./truth";

const isAsync = (pattern: Pattern): boolean => pattern === "saga" || pattern === "events";

const pollMs = 100;
/** How often the event loop's delay is sampled; the histogram counts this wait as delay. */
const sampleMs = 10;
/** From what one core is busy with to more than two can use; a saga gathers its work in batches, a chain cannot. */
const inFlightSteps = [24, 48, 96, 192, 384];
/** One step below the best may be noise; after two the best is behind. */
const worseSteps = 2;

export type Ceiling = {
  /** Confirmed orders per second. */
  perSecond: number;
  /** Orders under way at a time with which they were. */
  inFlight: number;
};

export type Saturated = {
  /** Confirmed orders per second. */
  perSecond: number;
  /** How late the generator's own event loop was, at the 99th percentile, in ms. */
  loopDelayMs: number;
};

type SaturateOptions = { inFlight: number; durationMs: number; signal: AbortSignal };

/**
 * How many orders per second are confirmed where the next one is placed as soon as one ends: `inFlight` are under way
 * at a time, whether their customers wait for the answer or for the confirmation.
 */
export function saturate(arm: RunningArm, options: SaturateOptions): Promise<Saturated> {
  // One connection for all its questions: to open one costs more than to ask.
  return withDatabase(arm.sources.databases.order, (database) => saturateBeside(database, arm, options));
}

/** The most that an arm confirms, over ever more orders under way, each for `eachMs`; what it began with warms it up. */
export async function findCeiling(arm: RunningArm, eachMs: number, signal: AbortSignal): Promise<Ceiling> {
  const measure = async (inFlight: number): Promise<number> =>
    (await saturate(arm, { inFlight, durationMs: eachMs, signal })).perSecond;
  await measure(inFlightSteps[0] ?? 1);
  return searchCeiling(measure);
}

/** The best of the steps by what `measure` finds of each; no further one is tried once two in a row find less. */
export async function searchCeiling(measure: (inFlight: number) => Promise<number>): Promise<Ceiling> {
  let best: Ceiling = { perSecond: 0, inFlight: inFlightSteps[0] ?? 1 };
  let worse = 0;
  for (const inFlight of inFlightSteps) {
    const perSecond = await measure(inFlight);
    worse = perSecond > best.perSecond ? 0 : worse + 1;
    if (worse === 0) best = { perSecond, inFlight };
    if (worse === worseSteps) break;
  }
  return best;
}

async function saturateBeside(
  database: pg.Client,
  arm: RunningArm,
  { inFlight, durationMs, signal }: SaturateOptions,
): Promise<Saturated> {
  const client = createShopClient({ url: arm.stack.url, maxSockets: inFlight });
  const startedAt = Date.now();
  // Until the system is full, work is done that nothing is confirmed of yet.
  const from = startedAt + durationMs / 4;
  const until = startedAt + durationMs;
  const loop = monitorEventLoopDelay({ resolution: sampleMs });
  loop.enable();
  try {
    await keepInFlight({
      ...{ database, arm, client, inFlight },
      goesOn: () => Date.now() < until && !signal.aborted,
    });
  } finally {
    loop.disable();
    client.close();
  }
  signal.throwIfAborted();
  const { rows } = await database.query<{ confirmed: string }>(
    "select count(*) as confirmed from orders where status = 'confirmed' and completed_at between $1 and $2",
    [new Date(from), new Date(until)],
  );
  return {
    perSecond: (Number(rows[0]?.confirmed ?? 0) * 1000) / (until - from),
    loopDelayMs: Math.max(loop.percentile(99) / 1e6 - sampleMs, 0),
  };
}

type Filling = {
  database: pg.Client;
  arm: RunningArm;
  client: ShopClient;
  inFlight: number;
  goesOn(): boolean;
};

/**
 * Places orders whenever fewer than `inFlight` are under way. That changes with an answer and with a look at the open
 * orders, so only these two place more: the generator's CPU is the system's too, and waiting must cost none.
 */
async function keepInFlight({ database, arm, client, inFlight, goesOn }: Filling): Promise<void> {
  const async = isAsync(arm.pattern);
  const underWay = new Set<Promise<void>>();
  let open = 0;
  let placedSince = 0;
  let next = 0;
  const placeNext = async (): Promise<void> => {
    const token = arm.tokens[next % arm.tokens.length] ?? "";
    const productId = arm.products[next % arm.products.length] ?? "";
    next += 1;
    const placed = await client
      .place({ token, order: { productId, quantity: 1 }, pattern: arm.pattern })
      .catch(() => undefined);
    if (placed?.status === 202) placedSince += 1;
  };
  const fill = (): void => {
    // A synchronous order is open while its customer waits: it must not count twice.
    while (goesOn() && underWay.size + (async ? open + placedSince : 0) < inFlight) {
      const placing: Promise<void> = placeNext().then(() => {
        underWay.delete(placing);
        fill();
      });
      underWay.add(placing);
    }
  };
  while (goesOn()) {
    if (async) {
      const before = placedSince;
      open = await countOpen(database);
      placedSince -= before;
    }
    fill();
    await delay(pollMs);
  }
  await Promise.all(underWay);
}
