import { type Second, secondsOf } from "../../experiments/measures";
import { type Holdings } from "../../invariants/check";
import { endOf, type Outcome } from "../../load/outcome";
import { type Latency, summariseLatency } from "../../stats/latency";
import { type Calls, type Deliveries } from "./calls";
import { type EffectiveFaults } from "./faults";
import { type Struck } from "./schedule";

/** By then a customer has an answer that is final, or the order counts as failed. */
export const deadlineMs = 30_000;

/** What the services know of an order when all is at rest. */
export type Known = Holdings & { amount: number; quantity: number };
/** By the order's Idempotency-Key; undefined where there is no such order. */
export type Truth = (key: string) => Known | undefined;

export type Recovery = Struck & {
  /** From the end of the fault to the first two good seconds; absent where none came before the next fault. */
  recoveredMs?: number;
};

export type PhaseScore = {
  sent: number;
  /** Confirmed by the deadline. */
  confirmed: number;
  /**
   * No final answer by the deadline, or one that money, stock or shipment disagree with. An error that left nothing
   * behind is a final answer, and a true one: that order is not confirmed, and no failed transaction.
   */
  failedTransactions: number;
  /** Money, stock or shipment are not what the customer was told. */
  disagreements: number;
  /** Not answered within 2 s. */
  late: number;
  /** Errors, refusals and failures by code. */
  codes: Record<string, number>;
  /** From the intended send time to the answer of POST /api/orders, of every order sent. */
  answer: Latency | undefined;
  /** From the intended send time to the confirmation, of orders that were confirmed. */
  completion: Latency | undefined;
  completedPerSecond: number;
  /** How late the generator sent. */
  lag: Latency | undefined;
  lagged: boolean;
  /** Without the generator's looks at its orders. */
  calls: Calls;
  /** Absent of an arm without events. */
  deliveries?: Deliveries;
  faults: EffectiveFaults;
  /** CPU in ms per confirmed order, by process; absent where processes were killed. */
  cpu?: Record<string, number>;
  recovery: Recovery[];
  /** For the plots; only of a phase with events. */
  seconds?: Second[];
};

const isInTime = (outcome: Outcome): boolean => (endOf(outcome) ?? Infinity) <= deadlineMs;

/** Whether money, stock and shipment are what the customer was told. Who was told nothing was told nothing wrong. */
export function agrees(outcome: Outcome, known: Known | undefined): boolean {
  const held = known ?? { paid: 0, payments: 0, stock: 0, sold: 0, shipments: 0, amount: -1, quantity: -1 };
  if (outcome.told === "open" || outcome.status === 0) return true;
  if (outcome.told === "confirmed")
    return (
      held.paid === held.amount && held.payments === 1 && held.stock === held.quantity && held.shipments === 1
    );
  return held.paid === 0 && held.payments === 0 && held.stock === 0 && held.shipments === 0;
}

const goodMs = 2_000;
const goodShare = 0.95;
const bucketMs = 1_000;

/**
 * From the end of each fault to the first of two seconds in a row in which 95 % of the orders sent were confirmed
 * within 2 s. Seconds without orders are skipped, as they say nothing: the next one that has some counts.
 */
export function recoveries(
  outcomes: readonly Outcome[],
  events: readonly Struck[],
  durationMs: number,
): Recovery[] {
  const isGood = (outcome: Outcome): boolean =>
    outcome.told === "confirmed" && (endOf(outcome) ?? Infinity) <= goodMs;
  /** Undefined of a second without orders. */
  const isGoodSecond = (from: number): boolean | undefined => {
    const sent = outcomes.filter(({ at }) => at >= from && at < from + bucketMs);
    return sent.length === 0 ? undefined : sent.filter(isGood).length >= goodShare * sent.length;
  };
  const isNextGood = (after: number, limit: number): boolean => {
    for (let from = after; from + bucketMs <= limit; from += bucketMs) {
      const good = isGoodSecond(from);
      if (good !== undefined) return good;
    }
    return false;
  };
  return events.map((event, index) => {
    const limit = events[index + 1]?.atMs ?? durationMs;
    for (let from = event.endMs; from + 2 * bucketMs <= limit; from += bucketMs / 4)
      if (isGoodSecond(from) === true && isNextGood(from + bucketMs, limit))
        return { ...event, recoveredMs: from - event.endMs };
    return { ...event };
  });
}

type PhaseFacts = Pick<PhaseScore, "calls" | "deliveries" | "faults" | "lagged"> & {
  durationMs: number;
  events: readonly Struck[];
  /** In ms, by process, over the whole phase. */
  cpuMs?: Record<string, number>;
};

/** What one phase of load gave. Pure: the same outcomes and facts give the same score. */
export function scorePhase(outcomes: readonly Outcome[], truth: Truth, facts: PhaseFacts): PhaseScore {
  const confirmed = outcomes.filter((outcome) => outcome.told === "confirmed" && isInTime(outcome));
  const disagreeing = new Set(outcomes.filter((outcome) => !agrees(outcome, truth(outcome.key))));
  const codes: Record<string, number> = {};
  for (const { code } of outcomes) if (code !== undefined) codes[code] = (codes[code] ?? 0) + 1;
  // Not spread into Math.max: there may be more of them than a call takes arguments.
  const lastEnd = confirmed.reduce(
    (last, outcome) => Math.max(last, outcome.at + (endOf(outcome) ?? 0)),
    facts.durationMs,
  );
  return {
    sent: outcomes.length,
    confirmed: confirmed.length,
    failedTransactions: outcomes.filter((outcome) => !isInTime(outcome) || disagreeing.has(outcome)).length,
    disagreements: disagreeing.size,
    late: outcomes.filter(({ answerMs, status }) => status === 0 || (answerMs ?? deadlineMs) > goodMs).length,
    codes,
    // Who got no answer waited until the deadline.
    answer: summariseLatency(
      outcomes.map(({ answerMs, status }) => (status === 0 ? deadlineMs : (answerMs ?? deadlineMs))),
    ),
    completion: summariseLatency(confirmed.map((outcome) => endOf(outcome) ?? 0)),
    completedPerSecond: (confirmed.length * 1000) / lastEnd,
    lag: summariseLatency(outcomes.map(({ lagMs }) => lagMs)),
    lagged: facts.lagged,
    calls: facts.calls,
    ...(facts.deliveries && { deliveries: facts.deliveries }),
    faults: facts.faults,
    recovery: recoveries(outcomes, facts.events, facts.durationMs),
    ...(facts.events.length > 0 && { seconds: secondsOf(outcomes, facts.durationMs) }),
    ...(facts.cpuMs && {
      cpu: Object.fromEntries(
        Object.entries(facts.cpuMs).map(([name, ms]) => [name, ms / Math.max(confirmed.length, 1)]),
      ),
    }),
  };
}
