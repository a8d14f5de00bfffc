import { streams } from "../../lib/events";
import { sourcesOf } from "../invariants/read";
import { waitForRest } from "../invariants/rest";
import { type LoadResult } from "../load/load";
import { withBroker, withDatabase } from "../run/clients";
import { type Stack } from "../run/stack";
import { withoutTraces } from "../telemetry/process";
import { cpuOf, cpuPerUnit, isOfSystem, isSidecar } from "./cpu";
import { loadSagas } from "./load-sagas";
import { inMs, type Row } from "./report";
import { withStack } from "./system";

export type ScalingOptions = { rate: number; durationMs: number; seed: number; say(line: string): void };

/** Leaves most of any machine idle, so that nothing is gathered into batches. */
const lowRate = 5;
const targets = [1_000, 10_000];
const pollMs = 20;

/** What all orders so far have cost of what does not belong to one process. */
type Totals = {
  commits: number;
  walBytes: number;
  databaseBytes: number;
  events: number;
  eventBytes: number;
};
type Cost = { cpuMs: Map<string, number>; each: Totals };

async function readTotals(stack: Stack): Promise<Totals> {
  const postgres = await withDatabase(stack.superuserUrl, async (database) => {
    const { rows } = await database.query<Record<"commits" | "wal" | "size", string>>(
      `select sum(xact_commit) as commits, sum(pg_database_size(datid)) as size,
         pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal
       from pg_stat_database where datid <> 0`,
    );
    return rows[0];
  });
  const { state } = await withBroker(stack.natsUrl, async (connection) =>
    (await connection.jetstreamManager()).streams.info(streams.events.name),
  );
  return {
    commits: Number(postgres?.commits),
    walBytes: Number(postgres?.wal),
    databaseBytes: Number(postgres?.size),
    events: state.messages,
    eventBytes: state.bytes,
  };
}

async function placeOrders(stack: Stack, load: { rate: number; durationMs: number; seed: number }) {
  const { result, before } = await loadSagas(stack, load);
  if (result.confirmed !== result.sent) throw new Error(`not every order was confirmed: ${describe(result)}`);
  return { result, before };
}

function describe({ rate, sent, confirmed, errors, failures }: LoadResult): string {
  const counts = { sent, confirmed, ...errors, ...failures };
  return `at ${String(rate)} orders/s ${JSON.stringify(counts)}; ask for less with --rate`;
}

/** What one order costs at a rate, all that follows it included. */
async function measureCost(stack: Stack, load: Parameters<typeof placeOrders>[1]): Promise<Cost> {
  const sources = sourcesOf(stack);
  const from = await readTotals(stack);
  const { result, before } = await placeOrders(stack, load);
  const left = await waitForRest(() => sources);
  if (left.length > 0) throw new Error(`not at rest in time: ${left.join("; ")}`);
  const cpuMs = cpuPerUnit(stack, before, result.confirmed);
  const to = await readTotals(stack);
  const each = Object.fromEntries(
    Object.entries(to).map(([name, value]) => [
      name,
      (value - from[name as keyof Totals]) / result.confirmed,
    ]),
  ) as Totals;
  return { cpuMs, each };
}

/**
 * How many events per second the audit service writes to its chain: each link holds the hash of the one before, so more
 * replicas share the work but not the chain. It is held while orders are placed, and then catches up alone.
 */
async function measureChain(stack: Stack, load: Parameters<typeof placeOrders>[1]): Promise<number> {
  const audit = stack.process("audit");
  const url = stack.databaseUrls.audit;
  if (audit === undefined || url === undefined) throw new Error("the system has no audit service");
  await audit.hold();
  await placeOrders(stack, load);
  const { events } = await readTotals(stack);
  return withDatabase(url, async (database) => {
    const readSeq = async (): Promise<number> => {
      const { rows } = await database.query<{ seq: string }>("select seq from audit_head");
      return Number(rows[0]?.seq);
    };
    const begin = await readSeq();
    const ready = audit.release();
    let first: { seq: number; at: number } | undefined;
    for (;;) {
      const seq = await readSeq();
      // From its first commit on: to start is no part of it.
      if (seq > begin) first ??= { seq, at: performance.now() };
      if (first !== undefined && seq >= events) {
        await ready;
        return ((seq - first.seq) * 1000) / (performance.now() - first.at);
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  });
}

/** What a process's CPU counts as; each process is in one group. */
function groupOf(name: string): string {
  if (name === "postgres") return "Postgres";
  if (name === "nats") return "NATS";
  return isSidecar(name) ? "sidecars and ingress" : "services";
}

const groups = ["Postgres", "NATS", "sidecars and ingress", "services"];

function cpuRows(at: string, { cpuMs }: Cost): Row[] {
  const rows = groups.map((group): Row => ({
    name: `  ${group}`,
    value: inMs(cpuOf(cpuMs, (name) => isOfSystem(name) && groupOf(name) === group)),
  }));
  return [{ name: `CPU per order at ${at}`, value: inMs(cpuOf(cpuMs, isOfSystem)) }, ...rows];
}

/** What an order costs at a low and at a high rate, what that makes of cores at higher ones, and the one part that cannot be shared out. */
export async function benchScaling({ rate, durationMs, seed, say }: ScalingOptions): Promise<Row[]> {
  return withStack({ environment: withoutTraces(process.env) }, async (stack) => {
    const run = (orders: number) => ({ rate: orders, durationMs, seed });
    say("warming up");
    await measureCost(stack, { ...run(rate), durationMs: Math.min(durationMs, 10_000) });
    say(`${String(lowRate)} orders/s for ${String(durationMs / 1000)} s`);
    const low = await measureCost(stack, run(lowRate));
    say(`${String(rate)} orders/s for ${String(durationMs / 1000)} s`);
    const high = await measureCost(stack, run(rate));
    say("audit catches up with as many");
    const chain = await measureChain(stack, run(rate));
    const { each } = high;
    const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} kB`;
    const cores = (orders: number, { cpuMs }: Cost): string =>
      ((orders * cpuOf(cpuMs, isOfSystem)) / 1000).toFixed(0);
    return [
      ...cpuRows(`${String(lowRate)}/s`, low),
      ...cpuRows(`${String(rate)}/s`, high),
      { name: "events per order", value: each.events.toFixed(1) },
      { name: "in the stream per order", value: kilobytes(each.eventBytes) },
      {
        name: "commits per order, low and high",
        value: `${low.each.commits.toFixed(1)}, ${each.commits.toFixed(1)}`,
      },
      { name: "write-ahead log per order", value: kilobytes(each.walBytes) },
      { name: "in the databases per order", value: kilobytes(each.databaseBytes) },
      { name: "audit's chain alone", value: `${chain.toFixed(0)} events/s` },
      ...targets.map((orders) => ({
        name: `busy cores at ${orders.toLocaleString("en")} orders/s`,
        value: `${cores(orders, high)} to ${cores(orders, low)}`,
      })),
    ];
  });
}
