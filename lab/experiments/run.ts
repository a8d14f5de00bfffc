import { type LoadResult } from "../load/load";
import { type Outcome as LoadOutcome } from "../load/outcome";
import { type Activity } from "./activities";
import { amplificationOf, readAttempts } from "./amplification";
import { type Progress } from "./engine";
import { type Ground } from "./ground";
import { type ActivityRecord, type Band, type RunReport } from "./journal";
import { durationOf, runPlan } from "./load";
import { defined, measureRequests, recoveryOf, secondsOf } from "./measures";
import { MethodRun } from "./method";
import { checkAtRest, countDeadLetters, keyOf } from "./probes";
import { type Experiment } from "./schema";
import { watchConditions } from "./stop-conditions";
import { type Effect } from "./verdict";

export type RunOptions = {
  name: "control" | "fault";
  experiment: Experiment;
  /** None for the control run. */
  method: readonly Activity[];
  ground: Ground;
  progress: Progress;
  signal: AbortSignal;
  products: readonly string[];
  restLimitMs: number;
};

/** What one load, with or without a method, was and did. */
export type RunOutcome = {
  records: LoadOutcome[];
  flooded: LoadOutcome[];
  result: LoadResult;
  activities: ActivityRecord[];
  effects: Effect[];
  bands: Band[];
  healedAtMs: number | undefined;
  stoppedBy: string | undefined;
  amplification: number | undefined;
  deadLetters: number;
  /** Those that were not there before. */
  violations: string[];
};

const drainMs = 60_000;
const drainUnprotectedMs = 15_000;

/** The load, and the method beside it; everything that the method broke is healed when this resolves. */
export async function runUnderLoad(options: RunOptions): Promise<RunOutcome> {
  const { experiment, ground, signal, progress } = options;
  const { system } = ground;
  const { amplification } = experiment.hypothesis;
  const before = {
    deadLetters: await countDeadLetters(system),
    violations: await violationsOf(options, 30_000),
    attempts: amplification && (await readAttempts(ground, amplification.of)),
  };
  const records: LoadOutcome[] = [];
  const flooded: LoadOutcome[] = [];
  const ending = new AbortController();
  const stopAll = AbortSignal.any([signal, ending.signal]);
  let startedAt = Number.POSITIVE_INFINITY;
  const now = (): number => Math.max(performance.now() - startedAt, 0);
  const method = new MethodRun({
    ...{ ground, now, flooded },
    products: options.products,
    seed: experiment.load.seed,
    signal: stopAll,
    say: (line) => {
      progress.say(`${(now() / 1000).toFixed(1).padStart(5)} s  ${line}`);
    },
  });
  let healedAtMs: number | undefined;
  const conditions = watchConditions(experiment["stop-conditions"]);
  let stoppedBy: string | undefined;
  let working: Promise<void> = Promise.resolve();
  const carryOut = async (): Promise<void> => {
    if (options.method.length === 0) return;
    try {
      await method.perform(options.method);
    } finally {
      await method.close();
      healedAtMs = now();
    }
  };
  const result = await runPlan(system, {
    plan: experiment.load,
    products: options.products,
    drainMs: options.restLimitMs < drainMs ? drainUnprotectedMs : drainMs,
    records,
    signal,
    until: ending.signal,
    onReady: () => {
      startedAt = performance.now();
      working = carryOut();
      working.catch(() => undefined);
    },
    onTick: (elapsedMs) => {
      progress.tick(options.name, elapsedMs, records);
      stoppedBy ??= conditions(records, elapsedMs);
      if (stoppedBy !== undefined) ending.abort();
    },
  }).catch(async (error: unknown) => {
    // The method ends and heals first: what comes after it counts on that.
    ending.abort();
    await working.catch(() => undefined);
    throw error;
  });
  await working;
  const after = await settle(options, before);
  return {
    ...{ records, flooded, result, healedAtMs, stoppedBy },
    activities: method.records,
    effects: method.effects,
    bands: method.bands,
    amplification: after.amplification,
    deadLetters: after.deadLetters,
    violations: after.violations,
  };
}

async function violationsOf({ experiment, ground }: RunOptions, limitMs: number): Promise<Set<string>> {
  if (experiment.hypothesis.violations === undefined) return new Set();
  const { violations } = await checkAtRest(ground.system, limitMs);
  return new Set(violations.map(keyOf));
}

type Before = {
  deadLetters: number;
  violations: Set<string>;
  attempts: Awaited<ReturnType<typeof readAttempts>> | undefined;
};

async function settle(
  options: RunOptions,
  before: Before,
): Promise<Pick<RunOutcome, "amplification" | "deadLetters" | "violations">> {
  const { experiment, ground, signal, progress } = options;
  const { amplification } = experiment.hypothesis;
  const after = amplification && (await readAttempts(ground, amplification.of));
  const ratio =
    before.attempts === undefined || after === undefined
      ? undefined
      : amplificationOf(before.attempts, after);
  if (signal.aborted) return { amplification: ratio, deadLetters: 0, violations: [] };
  progress.say("waiting for rest");
  const { violations, unsettled } = await checkAtRest(ground.system, options.restLimitMs);
  for (const line of unsettled.slice(0, 5)) progress.say(`not at rest: ${line}`);
  const fresh = violations.map(keyOf).filter((key) => !before.violations.has(key));
  for (const line of fresh.slice(0, 5)) progress.say(`violated: ${line}`);
  return {
    amplification: ratio,
    deadLetters: Math.max((await countDeadLetters(ground.system)) - before.deadLetters, 0),
    violations: experiment.hypothesis.violations === undefined ? [] : fresh,
  };
}

/** The figures of a run; some need the control run beside it. */
export function measureRun(
  run: RunOutcome,
  control: RunOutcome | undefined,
  { load, hypothesis }: Experiment,
): RunReport {
  const endMs = durationOf(load);
  const { records, flooded, healedAtMs, result } = run;
  const refused = flooded.filter(({ code }) => code === "rate.limited").length;
  const recovery =
    control === undefined || healedAtMs === undefined
      ? undefined
      : recoveryOf({
          ...{ records, healedAtMs, endMs },
          control: control.records,
          goodWithinMs: hypothesis.recovery?.["good-within"] ?? 2000,
        });
  return {
    measures: defined({
      ...measureRequests(records),
      recovery,
      amplification: run.amplification,
      violations: hypothesis.violations && run.violations.length,
      "dead-letters": run.deadLetters,
      "flood-refused": flooded.length === 0 ? undefined : (100 * refused) / flooded.length,
    }),
    seconds: secondsOf(records, endMs),
    lagMs: result.lagMs && { p50: result.lagMs.p50, p99: result.lagMs.p99, max: result.lagMs.max },
    notSent: result.notSent,
    sent: result.sent,
  };
}
