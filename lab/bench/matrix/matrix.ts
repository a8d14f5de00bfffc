import { type Pattern, patterns } from "../../../lib/events";
import { checkFacts } from "../../invariants/check";
import { type Facts } from "../../invariants/facts";
import { readFacts } from "../../invariants/read";
import { waitForRest } from "../../invariants/rest";
import { createShopClient, isTerminal, type ShopClient } from "../../load/client";
import { maxLagMs } from "../../load/outcome";
import { renderMatrixReport } from "../../report/matrix";
import { versionsOf } from "../../run/versions";
import { newRunId } from "../../runs/store";
import { summariseLatency } from "../../stats/latency";
import { readCpu } from "../cpu";
import { type RunningArm, startArm } from "../headline/arms";
import { readCalls } from "../headline/calls";
import { findCeiling, saturate } from "../headline/saturate";
import { describeMachine } from "../machine";
import { keepRun, type RunHead } from "../run-file";
import { linesOf, servicesOf } from "./complexity";
import { type Context, type Lengths, measureFamily, type Success, type View } from "./families";
import { matrixTable } from "./grades";
import {
  type Family,
  familyNames,
  type Measured,
  type Measurements,
  type Subject,
  subjects,
} from "./subjects";

export type MatrixOptions = {
  quick: boolean;
  seed: number;
  signal: AbortSignal;
  say(line: string): void;
};
export type MatrixRun = RunHead & {
  kind: "matrix";
  quick: boolean;
  settings: Lengths;
  measurements: Measurements;
  headings: string[];
  cells: string[][];
  remarks: string[];
  /** Whether the load generator kept up; if not, why the figures are not the system's. */
  valid: boolean;
  doubts: string[];
};

const full: Lengths = { orders: 100, saturatedMs: 8_000, familyMs: 20_000, rate: 12, declinedPercent: 5 };
const short: Lengths = { orders: 10, saturatedMs: 2_000, familyMs: 5_000, rate: 8, declinedPercent: 5 };

const median = (values: number[]): number => summariseLatency(values)?.p50 ?? Number.NaN;
const systemCpu = (arm: RunningArm): number =>
  [...readCpu(arm.stack)].reduce((sum, [name, ms]) => (name === "load generator" ? sum : sum + ms), 0);

type Unloaded = Pick<Measured, "stalenessMs" | "answerMs" | "completeMs" | "cpuMs">;

const countedOrders = 10;

/** The calls that the sidecars of gateway and order send while `work` is done ten times, per time. */
async function countCalls(arm: RunningArm, work: (index: number) => Promise<unknown>): Promise<number> {
  const before = await readCalls(arm.target);
  for (let index = 0; index < countedOrders; index += 1) await work(index);
  await waitForRest(() => arm.sources);
  return ((await readCalls(arm.target)).attempts - before.attempts) / countedOrders;
}

/** One after the other, so that nothing waits for anything else. */
async function measureUnloaded(
  arm: RunningArm,
  orders: number,
  one: (token: string, productId: string) => Promise<{ answerMs: number; completeMs: number }>,
): Promise<Unloaded> {
  const times: { answerMs: number; completeMs: number }[] = [];
  const before = systemCpu(arm);
  for (let placed = 0; placed < orders; placed += 1)
    times.push(
      await one(
        arm.tokens[placed % arm.tokens.length] ?? "",
        arm.products[placed % arm.products.length] ?? "",
      ),
    );
  const answerMs = median(times.map((time) => time.answerMs));
  return {
    answerMs,
    completeMs: median(times.map((time) => time.completeMs)),
    stalenessMs: median(times.map((time) => time.completeMs - time.answerMs)),
    cpuMs: (systemCpu(arm) - before) / orders,
  };
}

/** Places an order and waits until its customer can read how it ended. */
async function placeAndRead(shop: ShopClient, pattern: Pattern, token: string, productId: string) {
  const from = performance.now();
  const placed = await shop.place({ token, order: { productId, quantity: 1 }, pattern });
  const answerMs = performance.now() - from;
  if (placed.order === undefined) throw new Error(`an order was refused: ${placed.problem.code}`);
  if (isTerminal(placed.order.status)) return { answerMs, completeMs: answerMs };
  await shop.follow({ token, orderId: placed.order.id, timeoutMs: 30_000 });
  return { answerMs, completeMs: performance.now() - from };
}

/** Violations, leftovers and messages by pattern. */
function consistencyOf(
  facts: Facts,
  pattern: Pattern,
): Pick<Measured, "violations" | "leftovers" | "messages"> {
  const { violations, leftovers } = checkFacts(facts);
  const mine = ({ subject }: { subject: string }): boolean => subject.endsWith(`(${pattern})`);
  const ids = new Set(facts.orders.filter((order) => order.pattern === pattern).map(({ id }) => id));
  const messages = facts.outbox.filter(({ aggregateId }) => ids.has(aggregateId)).length;
  return {
    violations: violations.filter(mine).length,
    leftovers: leftovers.filter(mine).length,
    messages: messages / Math.max(ids.size, 1),
  };
}

/** Orders whose card is declined: who undoes, and who does not. */
async function declineSome(arm: RunningArm, shop: ShopClient, orders: number): Promise<void> {
  for (const pattern of patterns)
    for (let placed = 0; placed < orders; placed += 1) {
      const productId = arm.products[placed % arm.products.length] ?? "";
      const order = { productId, quantity: 1, paymentToken: "tok_declined" };
      await shop.place({ token: arm.tokens[placed % arm.tokens.length] ?? "", order, pattern });
    }
}

/** Measures the article's decision matrix: four patterns and the gateway's composition, on one system. */
export async function benchMatrix({ quick, seed, signal, say }: MatrixOptions): Promise<MatrixRun> {
  const lengths = quick ? short : full;
  const startedAt = new Date();
  say(quick ? "about 6 minutes" : "about 16 minutes");
  const arm = await startArm("symphony", { signal });
  const shop = createShopClient({ url: arm.stack.url });
  try {
    const doubts: string[] = [];
    const measurements = await measureAll({ arm, shop, lengths, seed, signal, doubts }, say);
    const run: MatrixRun = {
      kind: "matrix",
      id: newRunId("matrix", startedAt),
      name: "matrix",
      title: "The decision matrix",
      outcome: doubts.length > 0 ? "invalid" : quick ? "a short look" : "valid",
      figures: figuresOf(measurements),
      startedAt: startedAt.toISOString(),
      ...{ seed, quick, doubts, valid: doubts.length === 0 },
      machine: describeMachine(),
      versions: versionsOf("laptop"),
      settings: lengths,
      measurements,
      ...matrixTable(measurements),
    };
    say(`kept in ${keepRun(run, renderMatrixReport(run))}`);
    return run;
  } finally {
    shop.close();
    await arm.stop();
  }
}

function figuresOf(measurements: Measurements): MatrixRun["figures"] {
  const units = {
    answerMs: "ms",
    completeMs: "ms",
    perSecond: "orders/s",
    cpuMs: "ms",
    lines: "lines",
  } as const;
  return Object.fromEntries(
    subjects.flatMap((subject) =>
      Object.entries(units).map(([name, unit]) => [
        `${subject}: ${name}`,
        { value: measurements[subject][name as keyof typeof units], unit },
      ]),
    ),
  );
}

async function measureAll(context: Context, say: (line: string) => void): Promise<Measurements> {
  const { arm, shop, lengths, signal } = context;
  const unloaded = new Map<Subject, Unloaded & { perSecond: number; calls: number }>();
  const views: View[] = [];
  for (const pattern of patterns) {
    say(`${pattern}: without load, then with as much as it takes`);
    const { inFlight } = await findCeiling({ ...arm, pattern }, lengths.saturatedMs / 2, signal);
    await waitForRest(() => arm.sources);
    const alone = await measureUnloaded(arm, lengths.orders, (token, productId) =>
      placeAndRead(shop, pattern, token, productId),
    );
    const calls = await countCalls(arm, (index) =>
      shop.place({
        token: arm.tokens[index] ?? "",
        order: { productId: arm.products[0] ?? "", quantity: 1 },
        pattern,
      }),
    );
    const { perSecond, loopDelayMs } = await saturate(
      { ...arm, pattern },
      { inFlight, durationMs: lengths.saturatedMs, signal },
    );
    if (loopDelayMs > maxLagMs)
      context.doubts.push(
        `the load generator's event loop was ${loopDelayMs.toFixed(0)} ms late (p99): saturated, ${pattern}`,
      );
    unloaded.set(pattern, { ...alone, calls, perSecond });
    await waitForRest(() => arm.sources);
  }
  for (const token of arm.tokens)
    for (const { id } of (await shop.listOrders(token)).slice(0, 3)) views.push({ token, orderId: id });
  say("gateway: composed views");
  const readView = async (index: number): Promise<{ answerMs: number; completeMs: number }> => {
    const view = views[index % views.length];
    const from = performance.now();
    await shop.http.request({
      method: "GET",
      url: `${arm.stack.url}/api/orders/${view?.orderId ?? ""}/details`,
      token: view?.token ?? "",
    });
    const answerMs = performance.now() - from;
    return { answerMs, completeMs: answerMs };
  };
  let next = 0;
  const gateway = await measureUnloaded(arm, lengths.orders, () => readView(next++));
  unloaded.set("gateway", { ...gateway, calls: await countCalls(arm, readView), perSecond: 0 });
  await declineSome(arm, shop, Math.ceil((lengths.orders * lengths.declinedPercent) / 100));
  const success = new Map<Family, Record<Subject, Success>>();
  for (const family of familyNames) {
    signal.throwIfAborted();
    say(`under the family ${family}`);
    success.set(family, await measureFamily({ ...context, views }, family));
    await waitForRest(() => arm.sources);
  }
  const facts = await readFacts(arm.sources);
  const none = { violations: 0, leftovers: 0, messages: 0 };
  const measured = (subject: Subject): Measured => ({
    ...(unloaded.get(subject) as Unloaded & { perSecond: number; calls: number }),
    ...(subject === "gateway" ? none : consistencyOf(facts, subject)),
    services: servicesOf(subject, unloaded.get(subject)?.calls ?? 0),
    lines: linesOf(subject),
    success: Object.fromEntries(
      familyNames.map((family) => [family, success.get(family)?.[subject] ?? { good: 0, of: 0 }]),
    ) as Measured["success"],
  });
  return Object.fromEntries(subjects.map((subject) => [subject, measured(subject)])) as Measurements;
}
