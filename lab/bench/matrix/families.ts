import { setTimeout as delay } from "node:timers/promises";

import { type Pattern, patterns } from "../../../lib/events";
import { type ShopClient } from "../../load/client";
import { runLoad } from "../../load/load";
import { endOf, type Outcome } from "../../load/outcome";
import { type Disturbance } from "../../mesh/disturb/disturbance";
import { type RunningArm } from "../headline/arms";
import { readFaultCounts } from "../headline/faults";
import { deadlineMs } from "../headline/score";
import { type Family, type Measured, type Subject } from "./subjects";

/** How much of everything; times in ms. */
export type Lengths = {
  orders: number;
  saturatedMs: number;
  /** Of a family at least. */
  familyMs: number;
  /** Orders per second, of all patterns together. */
  rate: number;
  declinedPercent: number;
};

/** What the measurements share. */
export type Context = {
  arm: RunningArm;
  shop: ShopClient;
  lengths: Lengths;
  seed: number;
  signal: AbortSignal;
  /** Filled with why the figures are not the system's. */
  doubts: string[];
};

/** The families that are files of mesh/faults, and the share of the calls to payment that they hit. */
export const faultFiles: Partial<Record<Family, { file: string; percent: number }>> = {
  flaky: { file: "mesh/faults/payment-abort-some.yaml", percent: 2 },
  slow: { file: "mesh/faults/payment-delay.yaml", percent: 50 },
};
/** So many are expected at least: that dice then hit nobody at all comes once in 22,000 times. */
const tellingHits = 10;
/** What calls payment: the patterns rest and grpc, and the view. */
const payers = 3;

/** How long a family lasts, in ms: where dice decide whom it hits, until it has hit enough to tell. */
export function familyMs(
  family: Family,
  { rate, familyMs: usual }: Pick<Lengths, "rate" | "familyMs">,
): number {
  const percent = faultFiles[family]?.percent;
  if (percent === undefined) return usual;
  const callsPerSecond = (rate * payers) / patterns.length;
  return Math.max(usual, Math.ceil((tellingHits * 100 * 1000) / (percent * callsPerSecond)));
}

const strikes: Partial<Record<Family, Disturbance>> = {
  dead: { kind: "kill", victim: "payment" },
  brokerless: { kind: "kill", victim: "broker" },
  hanging: { kind: "pause", victim: "payment" },
};
const strikeAfterMs = 1_000;
const hangsMs = 4_000;
/** Longer than a family and its orders take. */
const leaseMs = 180_000;

/** Puts a family in force for as long as `work` runs; what is killed or hangs does so once, early on. */
async function under<T>(
  { arm, doubts, signal }: Context,
  family: Family,
  work: () => Promise<T>,
): Promise<T> {
  const rule = faultFiles[family];
  if (rule !== undefined) await arm.target.apply(rule);
  const before = await readFaultCounts(arm.target);
  const strike = async (): Promise<void> => {
    const disturbance = strikes[family];
    if (disturbance === undefined) return;
    await delay(strikeAfterMs, undefined, { signal });
    const { step } = await arm.ground.disturb(disturbance);
    await delay(hangsMs, undefined, { signal });
    const { seen, detail } = await arm.ground.observe(step);
    if (!seen) doubts.push(`the family ${family} was not seen to take effect: ${detail}`);
    await arm.ground.heal(step);
  };
  await arm.ground.begin(`the family ${family} of a bench`, leaseMs);
  try {
    const [result] = await Promise.all([work(), strike()]);
    if (rule !== undefined) {
      const after = await readFaultCounts(arm.target);
      if (after.aborts + after.delays === before.aborts + before.delays)
        doubts.push(
          `the family ${family} was not seen to take effect: none of ${String(after.calls - before.calls)} calls was hit`,
        );
    }
    return result;
  } finally {
    await arm.ground.end();
    if (rule !== undefined) await arm.target.remove(rule);
  }
}

/** An order, and the token that may look at it. */
export type View = { token: string; orderId: string };

/** A steady stream of composed views; how many were whole. */
async function readViews(
  shop: ShopClient,
  url: string,
  views: View[],
  options: { durationMs: number; rate: number; signal: AbortSignal },
) {
  const answers: Promise<boolean>[] = [];
  const until = performance.now() + options.durationMs;
  for (let sent = 0; performance.now() < until; sent += 1) {
    const view = views[sent % views.length];
    if (view === undefined) break;
    const get = {
      method: "GET" as const,
      url: `${url}/api/orders/${view.orderId}/details`,
      token: view.token,
    };
    answers.push(
      shop.http.request(get).then(
        ({ status, body }) => status === 200 && (body as { missing?: string[] }).missing?.length === 0,
        () => false,
      ),
    );
    await delay(1000 / options.rate, undefined, { signal: options.signal });
  }
  const whole = await Promise.all(answers);
  return { good: whole.filter(Boolean).length, of: whole.length };
}

export type Success = Measured["success"][Family];

/** All patterns at once, each order by the next of them, beside a stream of views. */
export async function measureFamily(
  context: Context & { views: View[] },
  family: Family,
): Promise<Record<Subject, Success>> {
  const { arm, shop, lengths, seed, views, signal, doubts } = context;
  const outcomes = new Map<Pattern, Outcome[]>();
  const durationMs = familyMs(family, lengths);
  const load = async (pattern: Pattern): Promise<void> => {
    const list: Outcome[] = [];
    outcomes.set(pattern, list);
    const { lagged, lagMs } = await runLoad({
      url: arm.stack.url,
      usersUrl: arm.stack.url,
      rate: lengths.rate / patterns.length,
      durationMs,
      seed: (seed + patterns.indexOf(pattern)) >>> 0,
      mix: arm.products.map((productId) => ({ value: { productId, quantity: 1 }, weight: 1 })),
      patterns: [pattern],
      tokens: arm.tokens,
      drainMs: 40_000,
      signal,
      onSend: (outcome) => list.push(outcome),
    });
    if (lagged)
      doubts.push(`the load generator lagged by ${String(lagMs?.p99)} ms (p99): ${pattern}, ${family}`);
  };
  const watch = { durationMs, rate: lengths.rate / patterns.length, signal };
  const [gateway] = await under(context, family, () =>
    Promise.all([readViews(shop, arm.stack.url, views, watch), ...patterns.map(load)]),
  );
  const success = (pattern: Pattern): Success => {
    const list = outcomes.get(pattern) ?? [];
    const good = list.filter(
      (outcome) => outcome.told === "confirmed" && (endOf(outcome) ?? Infinity) <= deadlineMs,
    );
    return { good: good.length, of: list.length };
  };
  return {
    rest: success("rest"),
    grpc: success("grpc"),
    events: success("events"),
    saga: success("saga"),
    gateway,
  };
}
