import { checkFacts } from "../invariants/check";
import { readFacts, type Sources, sourcesOf } from "../invariants/read";
import { waitForRest } from "../invariants/rest";
import { type LoadResult } from "../load/load";
import { percentile } from "../load/percentiles";
import { ensureNatsServer } from "../run/tools";
import { cpuOf, cpuPerUnit, isOfSystem } from "./cpu";
import { loadSagas } from "./load-sagas";
import { benchRelay } from "./relay";
import { goalRow, inMs, type Row } from "./report";
import { withStack } from "./system";
import { measureUnloaded } from "./unloaded";

export type SagaOptions = { rate: number; durationMs: number; seed: number; say(line: string): void };

const unloadedOrders = 200;

function cpuRows(perOrder: Map<string, number>): Row[] {
  return [
    { name: "CPU per order, the system", value: inMs(cpuOf(perOrder, isOfSystem)) },
    ...[...perOrder]
      .sort(([, a], [, b]) => b - a)
      .map(([name, ms]) => ({ name: `  ${name}`, value: `${ms.toFixed(2)} ms` })),
  ];
}

function loadRows(load: LoadResult): Row[] {
  const refused = Object.entries(load.errors).map(([code, count]) => `${code} ${count}`);
  return [
    goalRow("completed sagas per second", load.completedPerSecond, { atLeast: load.rate * 0.98 }, (value) =>
      value.toFixed(1),
    ),
    {
      name: "sent, confirmed, failed, unfinished",
      value: `${load.sent}, ${load.confirmed}, ${load.failed}, ${load.unfinished}`,
    },
    { name: "refused", value: refused.length === 0 ? "none" : refused.join(", ") },
    { name: "accepted under load, p50", value: inMs(load.acceptMs?.p50 ?? Number.NaN) },
    { name: "accepted under load, p99", value: inMs(load.acceptMs?.p99 ?? Number.NaN) },
    { name: "confirmed under load, p50", value: inMs(load.completeMs?.p50 ?? Number.NaN) },
    { name: "confirmed under load, p99", value: inMs(load.completeMs?.p99 ?? Number.NaN) },
  ];
}

async function invariantRow(sources: Sources): Promise<Row> {
  await waitForRest(() => sources);
  const { violations } = checkFacts(await readFacts(sources));
  return goalRow("violated invariants", violations.length, { atMost: 0 }, String);
}

/** Latency without load, then a steady open-loop load with the CPU it costs, then the outbox by itself. */
export async function benchSaga({ rate, durationMs, seed, say }: SagaOptions): Promise<Row[]> {
  const natsBinary = await ensureNatsServer({ environment: process.env });
  return withStack({ environment: process.env }, async (stack) => {
    say(`${unloadedOrders} orders, one after the other`);
    const unloaded = await measureUnloaded({
      url: stack.url,
      usersUrl: await stack.serviceUrl("user"),
      orders: unloadedOrders,
    });
    say(`${rate} orders/s for ${durationMs / 1000} s`);
    const { result: load, before } = await loadSagas(stack, { rate, durationMs, seed });
    const cpu = cpuRows(cpuPerUnit(stack, before, load.confirmed + load.failed));
    const invariants = await invariantRow(sourcesOf(stack));
    say("the relay by itself");
    const relay = await benchRelay(stack.superuserUrl, natsBinary);
    return [
      { name: "accepted, unloaded, p50", value: inMs(percentile(unloaded.acceptMs, 0.5)) },
      goalRow("confirmed, unloaded, p50", percentile(unloaded.completeMs, 0.5), { atMost: 150 }, inMs),
      { name: "confirmed, unloaded, p99", value: inMs(percentile(unloaded.completeMs, 0.99)) },
      ...loadRows(load),
      ...cpu,
      invariants,
      ...relay,
    ];
  });
}
