import { setTimeout as delay } from "node:timers/promises";

import { type Pattern, patterns } from "../../../lib/events";
import { type ShopClient } from "../../load/client";
import { runLoad } from "../../load/load";
import { endOf, type Outcome } from "../../load/outcome";
import { type Disturbance } from "../../mesh/disturb/disturbance";
import { type RunningArm } from "../headline/arms";
import { deadlineMs } from "../headline/score";
import { type Family, type Measured, type Subject } from "./subjects";

/** How much of everything; times in ms. */
export type Lengths = {
  orders: number;
  saturatedMs: number;
  familyMs: number;
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

/** The families that are files of mesh/faults. */
export const faultFiles: Partial<Record<Family, string>> = {
  flaky: "mesh/faults/payment-abort-some.yaml",
  slow: "mesh/faults/payment-delay.yaml",
};

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
async function under<T>({ arm, doubts }: Context, family: Family, work: () => Promise<T>): Promise<T> {
  const file = faultFiles[family];
  if (file !== undefined) await arm.target.apply({ file });
  const strike = async (): Promise<void> => {
    const disturbance = strikes[family];
    if (disturbance === undefined) return;
    await delay(strikeAfterMs);
    const { step } = await arm.ground.disturb(disturbance);
    await delay(hangsMs);
    const { seen, detail } = await arm.ground.observe(step);
    if (!seen) doubts.push(`the family ${family} was not seen to take effect: ${detail}`);
    await arm.ground.heal(step);
  };
  await arm.ground.begin(`the family ${family} of a bench`, leaseMs);
  try {
    const [result] = await Promise.all([work(), strike()]);
    return result;
  } finally {
    await arm.ground.end();
    if (file !== undefined) await arm.target.remove({ file });
  }
}

/** An order, and the token that may look at it. */
export type View = { token: string; orderId: string };

/** A steady stream of composed views; how many were whole. */
async function readViews(
  shop: ShopClient,
  url: string,
  views: View[],
  options: { durationMs: number; rate: number },
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
    await delay(1000 / options.rate);
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
  const load = async (pattern: Pattern): Promise<void> => {
    const list: Outcome[] = [];
    outcomes.set(pattern, list);
    const { lagged, lagMs } = await runLoad({
      url: arm.stack.url,
      usersUrl: arm.stack.url,
      rate: lengths.rate / patterns.length,
      durationMs: lengths.familyMs,
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
  const watch = { durationMs: lengths.familyMs, rate: lengths.rate / patterns.length };
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
