import { arrivals } from "../load/arrivals";
import { type NewOrder } from "../load/client";
import { type LoadResult, runLoad, usersFor } from "../load/load";
import { type Outcome as LoadOutcome } from "../load/outcome";
import { loadCatalogue } from "../load/stock";
import { type System } from "../target/system";
import { type LoadPlan } from "./schema";

/** How long a plan sends, in ms. */
export const durationOf = ({ profile }: Pick<LoadPlan, "profile">): number =>
  profile.reduce((sum, phase) => sum + phase.for, 0);

/**
 * When each request is meant to be sent, in ms from the start, phase after phase. The same plan gives the same times:
 * each phase draws from a seed of its own, so that changing one leaves the others alone.
 */
export function* scheduleOf({ profile, seed, arrivals: kind }: LoadPlan): Generator<number> {
  let startsAt = 0;
  for (const [index, { rate, for: durationMs }] of profile.entries()) {
    for (const at of arrivals({ rate, durationMs, seed: (seed + index * 0x9e3779b1) >>> 0, kind }))
      yield startsAt + at;
    startsAt += durationMs;
  }
}

/** How many requests a plan sends. */
export const countOf = (plan: LoadPlan): number => [...scheduleOf(plan)].length;

/** Restocks what `orders` more orders need; the ids of the products. */
export async function prepareCatalogue(system: System, orders: number): Promise<string[]> {
  return loadCatalogue({
    url: await system.url(),
    usersUrl: await system.serviceUrl("user"),
    inventoryUrl: await system.serviceUrl("inventory"),
    admin: await system.admin(),
    orders,
  });
}

export type PlannedRun = {
  plan: LoadPlan;
  products: readonly string[];
  /** How long to wait for the last orders to end, in ms. */
  drainMs: number;
  /** Filled while it runs. */
  records: LoadOutcome[];
  signal: AbortSignal;
  /** Ends the sending early. */
  until: AbortSignal;
  onReady(): void;
  onTick(elapsedMs: number): void;
};

/** Sends a plan's load and follows its orders to their ends. */
export async function runPlan(system: System, run: PlannedRun): Promise<LoadResult> {
  const { plan } = run;
  const durationMs = durationOf(plan);
  const rate = (countOf(plan) * 1000) / durationMs;
  const peak = Math.max(...plan.profile.map((phase) => phase.rate));
  const mix = plan.mix.flatMap(({ token, weight }) =>
    run.products.map((productId): { value: NewOrder; weight: number } => ({
      value: { productId, quantity: 1, paymentToken: token },
      weight,
    })),
  );
  return runLoad({
    url: await system.url(),
    usersUrl: await system.serviceUrl("user"),
    ...{ rate, durationMs, mix },
    seed: plan.seed,
    schedule: scheduleOf(plan),
    patterns: plan.patterns,
    // By the mean: the gateway counts by the minute. A short peak needs some more, for its limit by the second.
    users: Math.max(usersFor(rate, durationMs), Math.ceil(peak / 20)),
    drainMs: run.drainMs,
    onSend: (outcome) => {
      run.records.push(outcome);
    },
    signal: run.signal,
    until: run.until,
    onReady: run.onReady,
    onTick: ({ elapsedMs }) => {
      run.onTick(elapsedMs);
    },
  });
}
