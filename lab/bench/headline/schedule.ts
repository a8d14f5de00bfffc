import { seededRandom } from "../../load/random";
import { type ArmName } from "./arms";

/**
 * What the calls to each service meet while the independent faults are on. The delays are a tail, as pauses and lost
 * packets make one, and not one step: with a step a p99 says no more than on which side of it one call in a hundred falls.
 */
export const independent = {
  /** 503 from the callee's sidecar. Eight calls and the provider leave 95.5 % of the chain's orders. */
  abortPercent: 0.51,
  /** Each by a throw of its own. Of eight calls 1.6 % take 3 s longer, near the article's p99 of 3.2 s. */
  delays: [
    { seconds: 3, percent: 0.2 },
    { seconds: 1, percent: 0.4 },
    { seconds: 0.3, percent: 0.8 },
    { seconds: 0.1, percent: 2 },
  ],
  /** Orders whose payment provider charges and loses its first answer. */
  lostAnswerPercent: 0.5,
} as const;

/** Calls to the broken services that a customer waits for, for one order: gateway to order, and order's seven of the chain. */
export const callsWaitedFor: Record<ArmName, number> = { chaos: 8, symphony: 1 };

/** The share of orders, in percent, that meet a delay of at least so many seconds on one of their calls. */
export function meetsDelay(calls: number, seconds: number): number {
  const spared = independent.delays
    .filter((delay) => delay.seconds >= seconds)
    .reduce((share, { percent }) => share * (1 - percent / 100), 1);
  return 100 * (1 - spared ** calls);
}

/** What happens to several requests at once. */
export const correlatedKinds = [
  "inventory-replica-dead",
  "order-replica-dead",
  "shipping-hangs",
  "broker-killed",
  "inventory-replica-slow",
] as const;
export type CorrelatedKind = (typeof correlatedKinds)[number];

/** `atMs` from the start of the suite; `endMs` is when the cause is gone, for a kill the moment of it. */
export type FaultEvent = { kind: CorrelatedKind; atMs: number; endMs: number };

const lastsMs: Record<CorrelatedKind, number> = {
  "inventory-replica-dead": 0,
  "order-replica-dead": 0,
  "shipping-hangs": 5_000,
  "broker-killed": 0,
  "inventory-replica-slow": 5_000,
};

/** Each kind once, in an order and at times that follow from the seed, one in each equal part of `durationMs`. */
export function faultSchedule(seed: number, durationMs: number): FaultEvent[] {
  const random = seededRandom(seed ^ 0x2f6e2b1);
  const kinds: CorrelatedKind[] = [...correlatedKinds];
  for (let last = kinds.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [kinds[last], kinds[other]];
    if (a !== undefined && b !== undefined) [kinds[last], kinds[other]] = [b, a];
  }
  const part = durationMs / kinds.length;
  return kinds.map((kind, index) => {
    // In the first fifth of its part, so that what follows it can be seen to recover.
    const atMs = Math.round(part * index + random() * part * 0.2);
    const lasts = Math.min(lastsMs[kind], Math.round(part * 0.4));
    return { kind, atMs, endMs: atMs + lasts };
  });
}

/** An event of the schedule as it was carried out, and whether it was seen to take effect. */
export type Struck = FaultEvent & { seen: boolean; detail: string };

/** One block: an arm under load. Both arms of a pair have the same seed. */
export type Block = { arm: ArmName; pair: number; seed: number };

/** A-B-B-A: which arm is first changes from pair to pair, so that a drift of the machine favours neither. */
export function blockOrder(pairs: number, seed: number): Block[] {
  return Array.from({ length: pairs }, (_, pair): Block[] => {
    const turn: ArmName[] = pair % 2 === 0 ? ["chaos", "symphony"] : ["symphony", "chaos"];
    return turn.map((arm) => ({ arm, pair, seed: (seed + pair * 7919) >>> 0 }));
  }).flat();
}
