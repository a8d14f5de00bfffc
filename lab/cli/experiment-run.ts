import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describeMachine } from "../bench/machine";
import { touches } from "../experiments/actions";
import { type EngineOptions, lacksOf, planOf, type Progress, runExperiment } from "../experiments/engine";
import { type Ground } from "../experiments/ground";
import { type Journal } from "../experiments/journal";
import { renderJunit } from "../experiments/junit";
import { keepRun } from "../experiments/keep";
import { isUp } from "../experiments/laptop-ground";
import { countOf, durationOf } from "../experiments/load";
import { isGood, isOnItsWay } from "../experiments/measures";
import { openGround } from "../experiments/open";
import { experimentFiles, type LoadedExperiment, loadExperiment } from "../experiments/parse";
import { radiusOf } from "../experiments/radius";
import { type Outcome } from "../experiments/verdict";
import { percentile } from "../load/percentiles";
import { type ExitCode, exitCodes, Failure, fromDiskError } from "../run/failure";
import { versionsOf } from "../run/versions";
import { checkRunsFolder } from "../runs/store";
import { readFaults } from "../target/faults";
import { targetName } from "../target/system";
import { verdictLines } from "./experiment";
import { createProgress } from "./progress";
import { note, painter, print, printJson } from "./terminal";

export type RunCommandOptions = {
  seed?: number;
  private?: boolean;
  withoutProtection?: boolean;
  junit?: string;
  json?: boolean;
};

const codes: Record<Outcome, ExitCode> = {
  held: exitCodes.ok,
  failed: exitCodes.failed,
  stopped: exitCodes.stopped,
  inconclusive: exitCodes.inconclusive,
  interrupted: exitCodes.interrupted,
};

/** Of several runs the worst decides, in this order. */
const worstFirst: Outcome[] = ["interrupted", "failed", "stopped", "inconclusive", "held"];

/** The exit code of one or more outcomes. */
export function exitCodeOf(outcomes: readonly Outcome[]): ExitCode {
  const worst = worstFirst.find((outcome) => outcomes.includes(outcome));
  return worst === undefined ? exitCodes.ok : codes[worst];
}

/** Ctrl-C and its like: the first heals, the second leaves that to the system. */
function stopOnSignals(): AbortSignal {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) {
      note("a second time: the system heals by itself, once the experiment's lease is over");
      process.exit(exitCodes.interrupted);
    }
    note("\nstopping: healing everything; Ctrl-C again leaves that to the system");
    stopping.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return stopping.signal;
}

async function openFor(options: RunCommandOptions, signal: AbortSignal): Promise<Ground> {
  const target = targetName();
  const alone = options.private === true;
  if (target === "laptop" && (alone || !isUp()))
    note("starting a private system for this run; it ends with it");
  const { say } = createProgress();
  return openGround({ target, alone, signal, progress: { begin: () => () => undefined, say } });
}

/** Reads all files first: nothing is touched where one of them is wrong. */
export async function runExperiments(given: string[], options: RunCommandOptions): Promise<void> {
  const files = given.length === 1 && given[0] === "all" ? experimentFiles() : given;
  const all: LoadedExperiment[] = [];
  for (const file of files) all.push(await loadExperiment(file));
  checkRunsFolder();
  const signal = stopOnSignals();
  const ground = await openFor(options, signal);
  const journals: Journal[] = [];
  try {
    // Of all there are, some may need what the target lacks; one that was asked for by name is refused instead.
    const fit = files === given ? all : all.filter((loaded) => isPossible(loaded, ground));
    await runAll(fit, journals, { ground, signal, options });
    process.exitCode = signal.aborted
      ? exitCodes.interrupted
      : exitCodeOf(journals.map(({ symphony }) => symphony.outcome));
  } finally {
    // What was run before one was refused is told all the same.
    await tell(journals, options).finally(() => ground.close());
  }
}

async function tell(journals: readonly Journal[], { junit, json }: RunCommandOptions): Promise<void> {
  if (junit !== undefined) await writeJunit(junit, journals);
  if (json === true && journals.length > 0) printJson(journals.length === 1 ? journals[0] : journals);
}

function isPossible({ name, experiment }: LoadedExperiment, ground: Ground): boolean {
  const lacks = lacksOf(experiment, ground);
  if (lacks.length > 0) note(`left out: ${name}: ${lacks.join("; ")}`);
  return lacks.length === 0;
}

type Session = { ground: Ground; signal: AbortSignal; options: RunCommandOptions };

async function runAll(all: LoadedExperiment[], journals: Journal[], session: Session): Promise<void> {
  const { json } = session.options;
  for (const [index, loaded] of all.entries()) {
    if (session.signal.aborted) break;
    if (all.length > 1) note(`\n${String(index + 1)} of ${String(all.length)}: ${loaded.name}`);
    const journal = await runOne(loaded, session);
    journals.push(journal);
    const { folder } = keepRun(journal);
    if (json !== true) show(journal);
    note(`report ${join(folder, "report.html")}`);
  }
}

async function runOne(loaded: LoadedExperiment, { ground, signal, options }: Session): Promise<Journal> {
  const progress = liveProgress();
  const engine: EngineOptions = {
    ...{ loaded, ground, progress, signal },
    machine: describeMachine(ground.state),
    versions: versionsOf(ground.target),
    ...(options.seed !== undefined && { seed: options.seed }),
    withoutProtection: options.withoutProtection === true,
  };
  await preview(engine);
  return runExperiment(engine).finally(() => {
    progress.end();
  });
}

/** Whom it touches and for how long, before anything is touched. */
async function preview(engine: EngineOptions): Promise<void> {
  const { ground, loaded } = engine;
  const experiment = planOf(engine);
  const known = await readFaults();
  const actions = [...experiment.setup, ...experiment.method].filter(
    (activity) => activity.type === "action",
  );
  const radius = actions.flatMap((action) => {
    const { provider } = action;
    if (provider.func !== "fault") return radiusOf(action) ?? [];
    return known.find(({ name }) => name === provider.arguments.name)?.blastRadius ?? [];
  });
  const { load } = experiment;
  const seconds = durationOf(load) / 1000;
  note(
    [
      experiment.title,
      `  on        ${ground.description}`,
      ...actions.map((action) => `  touches   ${touches(action)}`),
      ...[...new Set(radius)].map((text) => `  hits      ${text}`),
      `  load      ${String(countOf(load))} orders in ${String(seconds)} s, ${load.patterns.join(", ")}, seed ${String(load.seed)}; twice, the first time without the method`,
      ...(engine.withoutProtection === true
        ? [`  without   ${loaded.experiment.protection?.what ?? ""}`]
        : []),
    ].join("\n"),
  );
}

function liveProgress(): Progress & { end(): void } {
  const rewrites = process.stderr.isTTY;
  let open = false;
  const end = (): void => {
    if (open) process.stderr.write("\n");
    open = false;
  };
  return {
    end,
    say(line) {
      end();
      note(`  ${line}`);
    },
    tick(run, elapsedMs, records) {
      const recent = records.filter(({ at }) => at > elapsedMs - 5000);
      const answered = recent.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs]));
      const p99 = percentile(Float64Array.from(answered).sort(), 0.99);
      const told = recent.filter((request) => !isOnItsWay(request));
      const success =
        told.length === 0 ? "-" : `${((100 * told.filter(isGood).length) / told.length).toFixed(1)} %`;
      const waiting = records.filter(isOnItsWay).length;
      const text = `  ${(elapsedMs / 1000).toFixed(0).padStart(4)} s  ${run}  sent ${String(records.length)}  on their way ${String(waiting)}  success ${success}  p99 ${Number.isNaN(p99) ? "-" : `${p99.toFixed(0)} ms`}`;
      if (!rewrites && Math.round(elapsedMs / 1000) % 5 !== 0) return;
      process.stderr.write(rewrites ? `\r\u001b[K${text}` : `${text}\n`);
      open = rewrites;
    },
  };
}

function show(journal: Journal): void {
  const { outcome } = journal.symphony;
  const paint = painter(process.stdout);
  print(`${paint(outcome === "held" ? "green" : "red", outcome.toUpperCase())}  ${journal.experiment.title}`);
  for (const line of verdictLines(journal)) print(line);
}

async function writeJunit(file: string, journals: readonly Journal[]): Promise<void> {
  await writeFile(file, renderJunit(journals)).catch((error: unknown) => {
    const problem = fromDiskError(error, file);
    throw problem instanceof Failure
      ? problem
      : new Failure("experiment.junit", `${file} cannot be written`, { cause: error });
  });
}
