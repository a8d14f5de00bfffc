import { setTimeout as delay } from "node:timers/promises";

import { checkFacts } from "../../invariants/check";
import { readFacts } from "../../invariants/read";
import { restMs, waitForRest } from "../../invariants/rest";
import { type NewOrder } from "../../load/client";
import { runLoad } from "../../load/load";
import { type Outcome } from "../../load/outcome";
import { withDatabase } from "../../run/clients";
import { readCpu } from "../cpu";
import { type ArmName, type RunningArm, startArm } from "./arms";
import { readCalls, readDeliveries } from "./calls";
import { independentFaults, readFaultCounts, runFaults } from "./faults";
import { type Ceiling, findCeiling, saturate } from "./saturate";
import { type Block, faultSchedule, independent, type Struck } from "./schedule";
import { type PhaseScore, scorePhase, type Truth } from "./score";
import { countOpen, readTruth } from "./truth";

/** How long each part of a block takes, in ms, and at how many orders per second. */
export type Lengths = {
  rate: number;
  /** How many customers order; few are registered faster. */
  customers?: number;
  /** How many orders are under way at a time where the arm takes as many as it can. */
  inFlight: Record<ArmName, number>;
  warmUpMs: number;
  calmMs: number;
  independentMs: number;
  saturatedMs: number;
  correlatedMs: number;
};

export type BlockScore = Block & {
  calm: PhaseScore;
  independent: PhaseScore;
  correlated: PhaseScore;
  /** Confirmed orders per second under the independent faults, with as much load as it takes. */
  saturatedPerSecond: number;
  /** How late the generator's event loop was meanwhile, at the 99th percentile, in ms. */
  saturatedLoopDelayMs: number;
  /** Of symphony only, where all events and their effects are to be found: the chain has none. */
  violations: string[];
  lostEvents: number;
  /** All that there were in the whole block. */
  orders: number;
  events: number;
  /** What had not come to rest in time, in words. */
  unsettled: string[];
};

type Phase = {
  rate: number;
  durationMs: number;
  seed: number;
  lostAnswers?: boolean;
  correlated?: boolean;
  signal: AbortSignal;
};
type Measured = { outcomes: Outcome[]; score(truth: Truth): PhaseScore };

/** How long the last orders of a phase are followed; what is open then is waited for only before the phase that needs it. */
const drainMs = 60_000;
const stableMs = 3_000;

const minus = <T extends Record<string, number>>(after: T, before: T): T =>
  Object.fromEntries(Object.entries(after).map(([key, value]) => [key, value - (before[key] ?? 0)])) as T;

function mixOf({ products }: RunningArm, lostAnswers: boolean): { value: NewOrder; weight: number }[] {
  const lost = lostAnswers ? independent.lostAnswerPercent : 0;
  return products.flatMap((productId) => [
    { value: { productId, quantity: 1 }, weight: 100 - lost },
    { value: { productId, quantity: 1, paymentToken: "tok_answer_lost" }, weight: lost },
  ]);
}

async function runPhase(arm: RunningArm, phase: Phase): Promise<Measured> {
  const { rate, durationMs, seed, signal } = phase;
  const outcomes: Outcome[] = [];
  const events = phase.correlated === true ? faultSchedule(seed, durationMs) : [];
  const stop = new AbortController();
  const ending = AbortSignal.any([signal, stop.signal]);
  const read = async () => ({
    calls: await readCalls(arm.target),
    faults: await readFaultCounts(arm.target),
    // The chain's services neither publish nor consume.
    ...(arm.pattern === "saga" && { deliveries: await readDeliveries(arm.sources.natsUrl) }),
  });
  const before = await read();
  let cpuBefore = readCpu(arm.stack);
  let faults: Promise<Struck[]> = Promise.resolve([]);
  const load = await runLoad({
    url: arm.stack.url,
    usersUrl: arm.stack.url,
    rate,
    durationMs,
    seed,
    mix: mixOf(arm, phase.lostAnswers === true),
    patterns: [arm.pattern],
    tokens: arm.tokens,
    drainMs,
    signal,
    onReady: () => {
      cpuBefore = readCpu(arm.stack);
      faults = runFaults(arm.ground, events, ending);
      // Awaited below; until then it is not unhandled.
      faults.catch(() => undefined);
    },
    onSend: (outcome) => outcomes.push(outcome),
  }).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  signal.throwIfAborted();
  const struck = await faults;
  const cpuMs = minus(Object.fromEntries(readCpu(arm.stack)), Object.fromEntries(cpuBefore));
  const after = await read();
  const calls = minus(after.calls, before.calls);
  const facts = {
    durationMs,
    events: struck,
    lagged: load.lagged,
    // The generator looks at its customers' orders through the same sidecars; those calls belong to no order.
    calls: { ...calls, attempts: calls.attempts - load.polls },
    faults: minus(after.faults, before.faults),
    ...(before.deliveries && after.deliveries && { deliveries: minus(after.deliveries, before.deliveries) }),
    ...(events.length === 0 && { cpuMs }),
  };
  return { outcomes, score: (truth) => scorePhase(outcomes, truth, facts) };
}

/**
 * Waits until nothing is on its way. Of the chain, until the number of open orders stays the same for 3 s: those whose
 * process died stay open for good, because nobody looks after them.
 */
async function comeToRest(arm: RunningArm): Promise<string[]> {
  if (arm.pattern === "saga") return waitForRest(() => arm.sources);
  return withDatabase(arm.sources.databases.order, async (database) => {
    const deadline = Date.now() + restMs;
    let open = await countOpen(database);
    for (let since = Date.now(); open > 0 && Date.now() < Math.min(deadline, since + stableMs);) {
      await delay(250);
      const now = await countOpen(database);
      if (now !== open) since = Date.now();
      open = now;
    }
    return open === 0 ? [] : [`${String(open)} orders are open for good`];
  });
}

/** What a block needs besides its lengths. */
export type BlockOptions = { lengths: Lengths; signal: AbortSignal; say(line: string): void };

/** Starts an arm from nothing, takes it through all phases, and scores them once it is at rest. */
export async function runBlock(block: Block, options: BlockOptions): Promise<BlockScore> {
  const { lengths, signal, say } = options;
  const arm = await startArm(block.arm, { customers: lengths.customers, signal });
  const phase = (offset: number, durationMs: number): Phase => ({
    ...{ rate: lengths.rate, durationMs, signal },
    seed: (block.seed + offset) >>> 0,
  });
  try {
    await runPhase(arm, phase(1, lengths.warmUpMs));
    const calm = await runPhase(arm, phase(2, lengths.calmMs));
    await arm.target.apply(independentFaults);
    const broken = await runPhase(arm, { ...phase(3, lengths.independentMs), lostAnswers: true });
    const saturated = await saturate(arm, {
      inFlight: lengths.inFlight[block.arm],
      durationMs: lengths.saturatedMs,
      signal,
    });
    await arm.target.remove(independentFaults);
    const afterSaturation = await comeToRest(arm);
    const correlated = await runPhase(arm, { ...phase(4, lengths.correlatedMs), correlated: true });
    const atTheEnd = await comeToRest(arm);
    // Of the chain what is open stays so: the second look finds what the first one did.
    const unsettled = arm.pattern === "saga" ? [...afterSaturation, ...atTheEnd] : atTheEnd;
    const facts = await readFacts(arm.sources);
    const truth = await readTruth(arm.sources.databases.order, facts);
    const violations = arm.pattern === "saga" ? checkFacts(facts).violations : [];
    const score: BlockScore = {
      ...block,
      calm: calm.score(truth),
      independent: broken.score(truth),
      correlated: correlated.score(truth),
      saturatedPerSecond: saturated.perSecond,
      saturatedLoopDelayMs: saturated.loopDelayMs,
      violations: violations.map(({ invariant, subject, detail }) => `${invariant}: ${subject}: ${detail}`),
      lostEvents: violations.filter(({ invariant }) => invariant === "every event is in the stream").length,
      orders: facts.orders.length,
      events: facts.outbox.length,
      unsettled,
    };
    say(describe(score));
    return score;
  } finally {
    await arm.stop();
  }
}

function describe({
  arm,
  pair,
  calm,
  independent: broken,
  correlated,
  saturatedPerSecond,
  saturatedLoopDelayMs,
  unsettled,
}: BlockScore): string {
  const part = (name: string, { sent, confirmed, answer, lag }: PhaseScore): string =>
    `${name} ${String(confirmed)} of ${String(sent)}, p50 ${String(Math.round(answer?.p50 ?? 0))}, ` +
    `p99 ${String(Math.round(answer?.p99 ?? 0))} ms, lag p99 ${(lag?.p99 ?? 0).toFixed(1)} ms`;
  return [
    `pair ${String(pair + 1)} ${arm}: ${part("calm", calm)}`,
    part("independent", broken),
    part("correlated", correlated),
    `saturated ${saturatedPerSecond.toFixed(1)}/s, event loop p99 ${saturatedLoopDelayMs.toFixed(1)} ms late`,
    ...unsettled.slice(0, 3).map((line) => `not at rest: ${line}`),
  ].join("; ");
}

export type Capacity = {
  /** Confirmed orders per second without faults. */
  perSecond: number;
  /** Under the independent faults, where `saturate` uses it: delays take more orders under way to keep an arm busy. */
  underFaults: Ceiling;
  /** How long the arm took to start. */
  startMs: number;
};

/** What an arm can do, without faults and under the independent ones, looked for `eachMs` at a time. */
export async function measureCapacity(arm: ArmName, eachMs: number, signal: AbortSignal): Promise<Capacity> {
  const from = performance.now();
  const running = await startArm(arm, { signal });
  const startMs = performance.now() - from;
  try {
    const { perSecond } = await findCeiling(running, eachMs, signal);
    await running.target.apply(independentFaults);
    const underFaults = await findCeiling(running, eachMs, signal);
    await running.target.remove(independentFaults);
    return { perSecond, underFaults, startMs };
  } finally {
    await running.stop();
  }
}
