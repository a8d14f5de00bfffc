import { setTimeout as delay } from "node:timers/promises";

import type pg from "pg";

import { type Pattern } from "../../../lib/events";
import { createShopClient } from "../../load/client";
import { withDatabase } from "../../run/clients";
import { type RunningArm } from "./arms";
import { countOpen } from "./truth";

const isAsync = (pattern: Pattern): boolean => pattern === "saga" || pattern === "events";

const pollMs = 100;
/** From what one core is busy with to more than two can use; a saga gathers its work in batches, a chain cannot. */
const inFlightSteps = [24, 48, 96, 192, 384];

export type Ceiling = {
  /** Confirmed orders per second. */
  perSecond: number;
  /** Orders under way at a time with which they were. */
  inFlight: number;
};

type SaturateOptions = { inFlight: number; durationMs: number; signal: AbortSignal };

/**
 * How many orders per second are confirmed where the next one is placed as soon as one ends: `inFlight` are under way
 * at a time, whether their customers wait for the answer or for the confirmation.
 */
export function saturate(arm: RunningArm, options: SaturateOptions): Promise<number> {
  // One connection for all its questions: to open one costs more than to ask.
  return withDatabase(arm.sources.databases.order, (database) => saturateBeside(database, arm, options));
}

/** The most that an arm confirms, over ever more orders under way, each for `eachMs`; what it began with warms it up. */
export async function findCeiling(arm: RunningArm, eachMs: number, signal: AbortSignal): Promise<Ceiling> {
  let best: Ceiling = { perSecond: 0, inFlight: inFlightSteps[0] ?? 1 };
  await saturate(arm, { inFlight: best.inFlight, durationMs: eachMs, signal });
  for (const inFlight of inFlightSteps) {
    const perSecond = await saturate(arm, { inFlight, durationMs: eachMs, signal });
    if (perSecond > best.perSecond) best = { perSecond, inFlight };
  }
  return best;
}

async function saturateBeside(
  database: pg.Client,
  arm: RunningArm,
  { inFlight, durationMs, signal }: SaturateOptions,
): Promise<number> {
  const client = createShopClient({ url: arm.stack.url, maxSockets: inFlight });
  const startedAt = Date.now();
  // The first second fills the system.
  const from = startedAt + Math.min(1_000, durationMs / 4);
  const until = startedAt + durationMs;
  const goesOn = (): boolean => Date.now() < until && !signal.aborted;
  let open = 0;
  let placedSince = 0;
  let waiting = 0;
  let next = 0;
  const watch = async (): Promise<void> => {
    while (goesOn()) {
      const before = placedSince;
      open = await countOpen(database);
      placedSince -= before;
      await delay(pollMs);
    }
  };
  const place = async (): Promise<void> => {
    while (goesOn()) {
      // A synchronous order is open while its customer waits: it must not count twice.
      const busy = isAsync(arm.pattern) ? open + placedSince + waiting : waiting;
      if (busy >= inFlight) {
        await delay(5);
        continue;
      }
      waiting += 1;
      const token = arm.tokens[next++ % arm.tokens.length] ?? "";
      const productId = arm.products[next % arm.products.length] ?? "";
      const placed = await client
        .place({ token, order: { productId, quantity: 1 }, pattern: arm.pattern })
        .catch(() => undefined);
      waiting -= 1;
      if (placed?.status === 202) placedSince += 1;
    }
  };
  try {
    await Promise.all([watch(), ...Array.from({ length: inFlight }, place)]);
  } finally {
    client.close();
  }
  signal.throwIfAborted();
  const { rows } = await database.query<{ confirmed: string }>(
    "select count(*) as confirmed from orders where status = 'confirmed' and completed_at between $1 and $2",
    [new Date(from), new Date(until)],
  );
  return (Number(rows[0]?.confirmed ?? 0) * 1000) / (until - from);
}
