import { parseArgs } from "node:util";

import { exitCodes } from "../run/failure";
import { runMain } from "../run/run-main";
import { targetName } from "../target/system";
import { benchCompile } from "./compile";
import { benchHeadline } from "./headline/headline";
import { formatHeadline } from "./headline/print";
import { benchKubeSaga } from "./kube-saga";
import { describeMachine } from "./machine";
import { benchMatrix } from "./matrix/matrix";
import { benchMesh } from "./mesh";
import { type BenchReport, formatReport, type Row } from "./report";
import { benchSaga } from "./saga";
import { benchScaling } from "./scaling";
import { benchStart } from "./start";
import { stopSystems } from "./system";
import { benchTelemetry } from "./telemetry";

const usage = `npm run bench -- start | saga | mesh | compile | telemetry | scaling [--target laptop|kube] [--rate N] [--duration 60] [--seed 1] [--json]
npm run bench -- headline [--quick] [--pairs 5] [--requests 10000] [--minutes 180] [--rate N] [--seed 1] [--json]
npm run bench -- matrix [--quick] [--seed 1] [--json]

start      time from npm start to the first confirmed order, and memory
saga       latency, throughput and CPU per order of the saga; the outbox relay by itself.
           Of the cluster (--target kube): latency without load through the real mesh, beside this machine's
mesh       what the sidecars cost: latency and CPU per order and per read, and memory, beside the same system
           without; how soon a saved rule is in force on all of them
compile    how long mesh/base takes to become Envoy configuration for all proxies
telemetry  CPU per order without traces, with all of them and with one in ten, sidecars included, in turns in one run
scaling    what an order costs at 5 and at --rate orders/s, and the cores that 1,000 and 10,000 would keep busy by that
headline   the article's before and after under the same load and faults, in pairs of blocks. It says how long it
           will take, and is kept after each block: Ctrl-C ends it with the pairs that it has
matrix     the article's decision matrix, measured

--rate is orders per second, 100 unless given, of mesh, telemetry and scaling 40, of headline half of what the weaker arm can do;
--duration is seconds of load, of mesh and telemetry for each side.
--pairs is how often both arms are measured; --requests is how many orders each arm gets at least, over all pairs
and under the independent faults. A full run has 5 pairs and 10,000 requests or more. --minutes: no pair is begun that would end later.
--quick is a short look, to see that it works: 2 pairs and 300 requests unless given.
`;

type Settings = { rate: number; durationMs: number; seed: number };

const say = (line: string): void => void process.stderr.write(`${line}\n`);

const benches: Record<string, (settings: Settings) => Promise<Row[]>> = {
  start: benchStart,
  compile: benchCompile,
  mesh: (settings) => benchMesh({ ...settings, say }),
  telemetry: (settings) => benchTelemetry({ ...settings, say }),
  scaling: (settings) => benchScaling({ ...settings, say }),
  saga: (settings) => (targetName() === "kube" ? benchKubeSaga(say) : benchSaga({ ...settings, say })),
};

/** Orders per second of the benches that send a load. With two systems side by side, more would measure the queue for the cores. */
const usualRates: Record<string, number> = { saga: 100, mesh: 40, telemetry: 40, scaling: 40 };

/** A number within bounds; a load must be bounded. */
function readNumber(name: string, text: string, [min, max]: [number, number]): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= min && value <= max) return value;
  throw new Error(`--${name} is ${text}; give a number from ${min} to ${max}`);
}

/** Ctrl-C and its like: the first ends the run with what it has, the second ends at once. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) process.exit(exitCodes.interrupted);
    say("stopping; Ctrl-C again ends at once");
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return stopping.signal;
}

type ComparisonOptions = Partial<Record<"pairs" | "requests" | "rate" | "minutes", string>> & {
  quick: boolean;
  json: boolean;
};

/** Prints the comparison; exit code 1 where its figures are not to be believed, or an error ended it. */
async function runHeadline(values: ComparisonOptions, seed: number): Promise<number> {
  const { quick, pairs = quick ? "2" : "5", requests = quick ? "300" : "10000", rate, json } = values;
  const signal = stopOnSignals();
  const run = await benchHeadline({
    quick,
    pairs: readNumber("pairs", pairs, [1, 50]),
    requests: readNumber("requests", requests, [10, 1_000_000]),
    ...(rate !== undefined && { rate: readNumber("rate", rate, [1, 2000]) }),
    limitMs: readNumber("minutes", values.minutes ?? "180", [1, 1440]) * 60_000,
    ...{ seed, signal, say },
  });
  process.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : formatHeadline(run));
  if (signal.aborted) return exitCodes.interrupted;
  return run.valid && run.pairs > 0 && run.outcome !== "failed" ? exitCodes.ok : exitCodes.failed;
}

async function runMatrix({ quick, json }: ComparisonOptions, seed: number): Promise<number> {
  const run = await benchMatrix({ quick, seed, signal: stopOnSignals(), say });
  const lines = [
    ...run.cells.flatMap(([name, ...cells]) => [`${name ?? ""}`, ...cells.map((cell) => `  ${cell}`)]),
    ...run.remarks,
  ];
  process.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : `${lines.join("\n")}\n`);
  return run.valid ? exitCodes.ok : exitCodes.failed;
}

/** Of benches that keep nothing: stopped, they leave nothing running, and what is still under way ends with the process. */
async function untilStopped<T>(work: Promise<T>): Promise<T> {
  const signal = stopOnSignals();
  signal.addEventListener("abort", () => {
    void stopSystems().finally(() => process.exit(exitCodes.interrupted));
  });
  return work.catch((error: unknown) => {
    if (!signal.aborted) throw error;
    // It found its system gone, which is no news.
    return new Promise<never>(() => undefined);
  });
}

/** Benches that keep their run, print what they found by themselves and have options of their own. */
const comparisons: Record<string, typeof runHeadline> = { headline: runHeadline, matrix: runMatrix };

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rate: { type: "string" },
      pairs: { type: "string" },
      requests: { type: "string" },
      minutes: { type: "string" },
      quick: { type: "boolean", default: false },
      duration: { type: "string", default: "60" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      target: { type: "string" },
    },
  });
  if (values.target !== undefined) process.env.SYMPHONY_TARGET = values.target;
  const [name = ""] = positionals;
  const seed = readNumber("seed", values.seed, [0, 2 ** 32 - 1]);
  const comparison = comparisons[name];
  if (comparison !== undefined && positionals.length === 1) return comparison(values, seed);
  const bench = benches[name];
  if (bench === undefined || positionals.length > 1) {
    process.stderr.write(usage);
    return 2;
  }
  const settings: Settings = {
    rate: readNumber("rate", values.rate ?? String(usualRates[name] ?? 100), [1, 2000]),
    durationMs: readNumber("duration", values.duration, [1, 600]) * 1000,
    seed,
  };
  const machine = describeMachine();
  const rows = await untilStopped(bench(settings));
  const report: BenchReport = {
    bench: name,
    machine,
    settings:
      targetName() === "kube"
        ? { target: "kube" }
        : usualRates[name] === undefined
          ? {}
          : { rate: settings.rate, seconds: settings.durationMs / 1000, seed: settings.seed },
    rows,
  };
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  return 0;
}

/** Ctrl-C ends a bench that keeps what it has; it is no error. */
function whereInterrupted(error: unknown): number {
  if (error instanceof Error && error.name === "AbortError") return exitCodes.interrupted;
  throw error;
}

runMain(() => main().catch(whereInterrupted));
