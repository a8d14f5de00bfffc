import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runLoad } from "../load/load";
import { percentile } from "../load/percentiles";
import { memoryOf } from "../run/memory";
import { removeData } from "../run/remove-data";
import { Stack } from "../run/stack";
import { type SinkStats } from "../telemetry/sink";
import { readCpu } from "./cpu";
import { goalRow, inMb, inMs, type Row } from "./report";
import { demoOrder } from "./unloaded";

export type TelemetryOptions = { rate: number; durationMs: number; seed: number; say(line: string): void };

const arms = {
  off: { OTEL_SDK_DISABLED: "true" },
  full: { OTEL_TRACES_SAMPLER: "parentbased_always_on" },
  "10 %": { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" },
} as const;
type ArmName = keyof typeof arms;

/** What one round of load cost in CPU, ms per order. */
type Cost = { system: number; sink: number; acceptMs: number };
type Arm = { name: ArmName; stack: Stack; state: string; costs: Cost[] };

/** In turns, so that a slower or faster minute of the machine meets all of them. */
const turns: ArmName[][] = [
  ["off", "full", "10 %"],
  ["10 %", "full", "off"],
  ["full", "off", "10 %"],
  ["10 %", "off", "full"],
  ["off", "10 %", "full"],
  ["full", "10 %", "off"],
];
const warmUpMs = 5_000;

async function startArm(name: ArmName, say: TelemetryOptions["say"]): Promise<Arm> {
  const state = await mkdtemp(join(tmpdir(), "symphony-bench-"));
  const environment = Object.entries(process.env).filter(([key]) => !key.startsWith("OTEL_"));
  const stack = await Stack.start({
    port: 0,
    state,
    environment: { ...Object.fromEntries(environment), ...arms[name] },
    logLevel: "warn",
    progress: { begin: () => () => undefined, say },
  });
  return { name, stack, state, costs: [] };
}

async function stopArm({ stack, state }: Arm): Promise<void> {
  await stack.stop();
  await removeData(state);
  await rm(state, { recursive: true, force: true });
}

async function load({ stack }: Arm, { rate, durationMs, seed }: TelemetryOptions): Promise<Cost> {
  let before = readCpu(stack);
  const result = await runLoad({
    url: stack.url,
    usersUrl: await stack.serviceUrl("user"),
    rate,
    durationMs,
    seed,
    mix: [{ value: demoOrder, weight: 1 }],
    patterns: ["saga"],
    onReady: () => (before = readCpu(stack)),
  });
  const orders = result.confirmed + result.failed;
  const cost: Cost = { system: 0, sink: 0, acceptMs: result.acceptMs?.p50 ?? Number.NaN };
  for (const [name, ms] of readCpu(stack)) {
    const perOrder = (ms - (before.get(name) ?? 0)) / orders;
    if (name === "telemetry") cost.sink += perOrder;
    else if (name !== "load generator") cost.system += perOrder;
  }
  return cost;
}

const median = (values: number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );

/** How much more than `base` the median of `values` is, in percent; each round against its own. */
function excess(values: number[], base: number[]): number {
  return median(values.map((value, round) => (value / (base[round] ?? Number.NaN) - 1) * 100));
}

const inPercent = (value: number): string => `${value.toFixed(1)} %`;

async function sinkRows({ stack }: Arm): Promise<Row[]> {
  const pid = stack.process("telemetry")?.pid;
  const memory = pid === undefined ? Number.NaN : (memoryOf(pid) ?? Number.NaN);
  const stats = (await (await fetch(`${stack.telemetryUrl ?? ""}/stats`)).json()) as SinkStats;
  const lost = Object.entries(stats.dropped).map(([reason, count]) => `${reason} ${String(count)}`);
  return [
    goalRow("memory of the sink (PSS)", memory, { atMost: 100e6 }, inMb),
    {
      name: "spans received, kept, traces forgotten",
      value: [stats.received, stats.spans, stats.evicted].join(", "),
    },
    { name: "dropped", value: lost.length === 0 ? "nothing" : lost.join(", ") },
  ];
}

/**
 * CPU per order without traces, with all and with one in ten: three systems in one run, loaded in turns. The sink
 * is counted by itself, because only a laptop has one.
 */
export async function benchTelemetry(options: TelemetryOptions): Promise<Row[]> {
  const { say, durationMs } = options;
  const running = new Map<ArmName, Arm>();
  try {
    for (const name of Object.keys(arms) as ArmName[]) {
      say(`starting the system, traces ${name}`);
      running.set(name, await startArm(name, say));
    }
    for (const arm of running.values()) await load(arm, { ...options, durationMs: warmUpMs });
    const each = { ...options, durationMs: Math.max(1_000, Math.round(durationMs / turns.length)) };
    for (const turn of turns) {
      for (const name of turn) {
        say(`${String(options.rate)} orders/s for ${(each.durationMs / 1000).toFixed(0)} s, traces ${name}`);
        const arm = running.get(name);
        if (arm !== undefined) arm.costs.push(await load(arm, each));
      }
    }
    const costs = (name: ArmName): Cost[] => running.get(name)?.costs ?? [];
    const system = (name: ArmName): number[] => costs(name).map((cost) => cost.system);
    const sinks = (name: ArmName): number[] => costs(name).map((cost) => cost.sink);
    const full = running.get("full");
    return [
      ...(Object.keys(arms) as ArmName[]).flatMap((name) => [
        { name: `CPU per order, traces ${name}`, value: `${median(system(name)).toFixed(2)} ms` },
        { name: `  accepted, p50`, value: inMs(median(costs(name).map(({ acceptMs }) => acceptMs))) },
      ]),
      goalRow("all traces cost", excess(system("full"), system("off")), { atMost: 10 }, inPercent),
      { name: "one trace in ten costs", value: inPercent(excess(system("10 %"), system("off"))) },
      { name: "CPU per order of the sink, all traces", value: `${median(sinks("full")).toFixed(2)} ms` },
      { name: "CPU per order of the sink, one in ten", value: `${median(sinks("10 %")).toFixed(2)} ms` },
      ...(full === undefined ? [] : await sinkRows(full)),
    ];
  } finally {
    for (const arm of running.values()) await stopArm(arm);
  }
}
