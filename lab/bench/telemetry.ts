import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { median } from "../load/percentiles";
import { memoryOf } from "../run/memory";
import { type Environment } from "../run/service-process";
import { openControl } from "../target/laptop-mesh";
import { withoutTraces } from "../telemetry/process";
import { type SinkStats } from "../telemetry/sink";
import { cpuOf, cpuPerUnit, isOfSystem, isSidecar } from "./cpu";
import { loadSagas } from "./load-sagas";
import { ratioRow } from "./paired";
import { goalRow, inMb, inMs, type Row } from "./report";
import { type BenchSystem, startSystem } from "./system";

export type TelemetryOptions = { rate: number; durationMs: number; seed: number; say(line: string): void };

/** What a block runs with: no telemetry at all, or this share of traces in percent. */
const arms = { off: undefined, full: 100, "10 %": 10 } as const;
type ArmName = keyof typeof arms;
const armNames = Object.keys(arms) as ArmName[];

/** What one block of load cost in CPU, ms per order; the sidecars' share is part of the system's. */
type Cost = { system: number; sidecars: number; sink: number; acceptMs: number };
type Systems = { off: BenchSystem; on: BenchSystem };

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
const goal = 1.1;
const inTenths = (ms: number): string => `${ms.toFixed(2)} ms`;

/** The system that an arm runs on, with the share of traces in force that the arm asks for. */
async function enter(name: ArmName, { off, on }: Systems): Promise<BenchSystem> {
  const percent = arms[name];
  if (percent === undefined) return off;
  const file = join(on.rules, "namespace-policies.yaml");
  const before = await readFile(file, "utf8");
  const after = before.replace(
    /randomSamplingPercentage: \d+/,
    `randomSamplingPercentage: ${String(percent)}`,
  );
  await writeFile(file, after);
  await openControl(on.state).reloadRules();
  return on;
}

async function load({ stack }: BenchSystem, options: Omit<TelemetryOptions, "say">): Promise<Cost> {
  const { result, before } = await loadSagas(stack, options);
  const perOrder = cpuPerUnit(stack, before, result.confirmed + result.failed);
  const isSink = (name: string): boolean => name === "telemetry";
  return {
    system: cpuOf(perOrder, (name) => isOfSystem(name) && !isSink(name)),
    sidecars: cpuOf(perOrder, isSidecar),
    sink: cpuOf(perOrder, isSink),
    acceptMs: result.acceptMs?.p50 ?? Number.NaN,
  };
}

/** The sink's memory after the run, and what it did with the spans. */
async function sinkRows({ stack }: BenchSystem): Promise<Row[]> {
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

function costRows(costs: Record<ArmName, Cost[]>, seed: number): Row[] {
  const of = (name: ArmName, figure: keyof Cost): number[] => costs[name].map((cost) => cost[figure]);
  const excess = (name: string, arm: ArmName, atMost?: number): Row => {
    const blocks = { base: of("off", "system"), mesh: of(arm, "system") };
    return ratioRow({ name, blocks, seed, format: inTenths, ...(atMost !== undefined && { atMost }) });
  };
  return [
    excess("CPU per order, all traces", "full", goal),
    excess("CPU per order, one trace in ten", "10 %"),
    ...armNames.flatMap((name) => [
      { name: `of it in the sidecars, traces ${name}`, value: inTenths(median(of(name, "sidecars"))) },
      { name: `order accepted, p50, traces ${name}`, value: inMs(median(of(name, "acceptMs"))) },
    ]),
    { name: "CPU per order of the sink, all traces", value: inTenths(median(of("full", "sink"))) },
    { name: "CPU per order of the sink, one in ten", value: inTenths(median(of("10 %", "sink"))) },
  ];
}

/**
 * CPU per order without telemetry, with all traces and with one in ten, sidecars included: two systems in one run,
 * loaded in turns, and the share of traces changed between blocks as a user does, by the Telemetry object. The sink is
 * counted by itself, because only a laptop has one.
 */
export async function benchTelemetry(options: TelemetryOptions): Promise<Row[]> {
  const { rate, seed, durationMs, say } = options;
  const running: BenchSystem[] = [];
  const inherited: Environment = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !key.startsWith("OTEL_")),
  );
  const start = async (traces: string, environment: Environment): Promise<BenchSystem> => {
    say(`starting the system, traces ${traces}`);
    const system = await startSystem({ mesh: true, environment });
    running.push(system);
    return system;
  };
  try {
    const systems = { off: await start("off", withoutTraces(inherited)), on: await start("on", inherited) };
    for (const system of running) await load(system, { rate, seed, durationMs: warmUpMs });
    const costs: Record<ArmName, Cost[]> = { off: [], full: [], "10 %": [] };
    const eachMs = Math.max(1_000, Math.round(durationMs / turns.length));
    for (const [turn, names] of turns.entries()) {
      for (const name of names) {
        const system = await enter(name, systems);
        say(`${String(rate)} orders/s for ${(eachMs / 1000).toFixed(0)} s, traces ${name}`);
        // The n-th block of every arm has the same schedule.
        costs[name].push(await load(system, { rate, seed: seed + turn, durationMs: eachMs }));
      }
    }
    return [...costRows(costs, seed), ...(await sinkRows(systems.on))];
  } finally {
    for (const system of running) await system.stop();
  }
}
