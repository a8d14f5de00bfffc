import { tmpdir } from "node:os";

import { percentile } from "../load/percentiles";
import { runReads } from "../load/reads";
import { run } from "../run/process";
import { type Stack } from "../run/stack";
import { ensureEnvoy } from "../run/tools";
import { openControl } from "../target/laptop-mesh";
import { cpuOf, cpuPerUnit, isOfSystem, isSidecar, readCpu } from "./cpu";
import { loadSagas } from "./load-sagas";
import { benchChanges } from "./mesh-changes";
import { type Blocks, ratioRow, runPaired, type Side } from "./paired";
import { goalRow, inMb, type Row } from "./report";
import { measureStart, type StartFigures } from "./start";
import { type BenchSystem, startSystem, withState } from "./system";
import { demoOrder } from "./unloaded";

export type MeshBenchOptions = { rate: number; durationMs: number; seed: number; say(line: string): void };

const pairs = 6;
const restMs = 20_000;
const warmUpMs = 4_000;
/** So many reads come per order that is asked for: the tail of a read takes many to see. */
const readsPerOrder = 5;
const goal = 1.3;
const names: Record<Side, string> = { base: "without the mesh", mesh: "with the mesh" };
const inTenths = (ms: number): string => `${ms.toFixed(2)} ms`;

/** One customer sends everything here; its limits are counted as ever, and are far away. */
const farAway = "1000000";
const limits = {
  RATE_CLIENT_PER_SECOND: farAway,
  RATE_CLIENT_BURST: farAway,
  RATE_ORDERS_PER_MINUTE: farAway,
  RATE_ORDERS_PER_HOUR: farAway,
  RATE_INVENTORY_PER_MINUTE: farAway,
};

/** What a block of load measured; `cpu` in ms per order or read. */
type OrderBlock = { accepted: number[]; confirmed: number[]; cpu: number; sidecars: number; lost: number };
type ReadBlock = { ms: number[]; cpu: number; sidecars: number; lost: number };

/** CPU that the system used since `before`, per unit of work, and the sidecars' share of it. */
function cpuSince(
  stack: Stack,
  before: Map<string, number>,
  units: number,
): { cpu: number; sidecars: number } {
  const perUnit = cpuPerUnit(stack, before, units);
  return { cpu: cpuOf(perUnit, isOfSystem), sidecars: cpuOf(perUnit, isSidecar) };
}

async function loadOrders(
  { stack }: BenchSystem,
  options: Omit<MeshBenchOptions, "say">,
): Promise<OrderBlock> {
  const measured = { accepted: [] as number[], completed: [] as number[] };
  const { result, before } = await loadSagas(stack, {
    ...options,
    users: Math.max(Math.ceil(options.rate / 4), 2),
    onMeasured: (what, ms) => measured[what].push(ms),
  });
  return {
    accepted: measured.accepted,
    confirmed: measured.completed,
    ...cpuSince(stack, before, result.confirmed + result.failed),
    lost: result.sent - result.confirmed,
  };
}

async function loadReads({ stack }: BenchSystem, options: Omit<MeshBenchOptions, "say">): Promise<ReadBlock> {
  const url = `${stack.url}/api/inventory/${demoOrder.productId}`;
  const before = readCpu(stack);
  const { ms, failed } = await runReads({ ...options, rate: options.rate * readsPerOrder, url });
  const lost = Object.values(failed).reduce((sum, count) => sum + count, 0);
  return { ms, ...cpuSince(stack, before, ms.length), lost };
}

/** One figure of every block. */
function figures<T>(blocks: Blocks<T>, figure: (block: T) => number): Blocks<number> {
  return { base: blocks.base.map(figure), mesh: blocks.mesh.map(figure) };
}

function quantile(values: readonly number[], fraction: number): number {
  return percentile(Float64Array.from(values).sort(), fraction);
}

type CostRow = ReturnType<typeof ratioRow>;

function latencyRows<T>(
  name: string,
  blocks: Blocks<T>,
  { samples, seed }: { samples: (block: T) => number[]; seed: number },
): CostRow[] {
  const at = (fraction: number): Blocks<number> =>
    figures(blocks, (block) => quantile(samples(block), fraction));
  const common = { seed, format: inTenths };
  return [
    ratioRow({ name: `${name}, p50`, blocks: at(0.5), ...common, atMost: goal }),
    ratioRow({ name: `${name}, p99`, blocks: at(0.99), ...common }),
  ];
}

function cpuRows<T extends { cpu: number; sidecars: number }>(
  name: string,
  blocks: Blocks<T>,
  seed: number,
): { cost: CostRow; share: Row } {
  const shares = blocks.mesh.map(({ sidecars }) => sidecars);
  return {
    cost: ratioRow({ name, blocks: figures(blocks, ({ cpu }) => cpu), seed, format: inTenths }),
    share: { name: "  of it in the sidecars", value: inTenths(quantile(shares, 0.5)) },
  };
}

function lostRow<T extends { lost: number }>(name: string, { base, mesh }: Blocks<T>): Row {
  const lost = [...base, ...mesh].reduce((sum, block) => sum + block.lost, 0);
  return goalRow(name, lost, { atMost: 0 }, String);
}

async function costRows(systems: Record<Side, BenchSystem>, options: MeshBenchOptions): Promise<Row[]> {
  const { rate, seed, say } = options;
  const durationMs = Math.max(1000, Math.round(options.durationMs / pairs));
  for (const side of ["base", "mesh"] as const) {
    await loadOrders(systems[side], { rate, seed, durationMs: warmUpMs });
    await loadReads(systems[side], { rate, seed, durationMs: warmUpMs });
  }
  // The n-th block of both sides has the same schedule.
  const each = (pair: number) => ({ rate, seed: seed + pair, durationMs });
  say(
    `${String(rate)} orders/s, then ${String(rate * readsPerOrder)} reads/s, ${String(pairs)} pairs of blocks each`,
  );
  const orders = await runPaired(pairs, (side, pair) => loadOrders(systems[side], each(pair)));
  const reads = await runPaired(pairs, (side, pair) => loadReads(systems[side], each(pair)));
  const orderCpu = cpuRows("CPU per order", orders, seed);
  const readCpuRows = cpuRows("CPU per read", reads, seed);
  const accepted = latencyRows("order accepted", orders, { samples: (block) => block.accepted, seed });
  const confirmed = latencyRows("order confirmed", orders, { samples: (block) => block.confirmed, seed });
  const read = latencyRows("GET /api/inventory/:id", reads, { samples: ({ ms }) => ms, seed });
  const costs = [...accepted, ...confirmed, orderCpu.cost, ...read, readCpuRows.cost];
  const loses = costs.filter((row) => row.loses).map(({ name }) => name);
  const shown = (rows: CostRow[]): Row[] => rows.map(({ loses: _loses, ...row }) => row);
  return [
    ...shown([...accepted, ...confirmed, orderCpu.cost]),
    orderCpu.share,
    lostRow("orders that were not confirmed", orders),
    ...shown([...read, readCpuRows.cost]),
    readCpuRows.share,
    lostRow("reads that failed", reads),
    { name: "where the mesh loses", value: loses.length === 0 ? "nowhere" : loses.join("; ") },
  ];
}

/** A whole system that has nothing to do, each side by itself. */
async function restRows(say: MeshBenchOptions["say"]): Promise<Row[]> {
  const measure = async (side: Side): Promise<StartFigures> => {
    say(`at rest ${names[side]}`);
    const options = side === "base" ? ["--no-mesh"] : [];
    return withState((state) => measureStart(state, { restMs, options }));
  };
  const base = await measure("base");
  const mesh = await measure("mesh");
  const inPercent = ({ restCpu }: StartFigures): string => `${restCpu.toFixed(1)} % of a core`;
  return [
    { name: "memory at rest without the mesh (PSS)", value: inMb(base.memory) },
    goalRow("memory at rest with the mesh (PSS)", mesh.memory, { atMost: 1.6e9 }, inMb),
    { name: "CPU at rest without the mesh", value: inPercent(base) },
    { name: "CPU at rest with the mesh", value: inPercent(mesh) },
  ];
}

async function envoyVersion(): Promise<string> {
  const binary = await ensureEnvoy({ environment: process.env });
  const { output } = await run({ file: binary, args: ["--version"], env: {}, cwd: tmpdir() });
  return /\/(\d+\.\d+\.\d+)[/-]/.exec(output)?.[1] ?? "unknown";
}

/**
 * What the mesh costs: the same system with it and without, in turns within one run; then how soon a saved rule is in
 * force everywhere.
 */
export async function benchMesh(options: MeshBenchOptions): Promise<Row[]> {
  const { say, seed } = options;
  const version = await envoyVersion();
  const rest = await restRows(say);
  const systems: Partial<Record<Side, BenchSystem>> = {};
  try {
    const start = (side: Side): Promise<BenchSystem> => {
      say(`starting the system ${names[side]}`);
      return startSystem({ mesh: side === "mesh", environment: process.env, overrides: { gateway: limits } });
    };
    const base = (systems.base = await start("base"));
    const mesh = (systems.mesh = await start("mesh"));
    const costs = await costRows({ base, mesh }, options);
    await base.stop();
    const control = openControl(mesh.state);
    const changes = await benchChanges({ stack: mesh.stack, control, rules: mesh.rules, seed, say });
    return [{ name: "Envoy", value: version }, ...costs, ...rest, ...changes];
  } finally {
    for (const system of Object.values(systems)) await system.stop();
  }
}
