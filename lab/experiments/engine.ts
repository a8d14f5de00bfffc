import { type Machine } from "../bench/machine";
import { type Outcome as LoadOutcome } from "../load/outcome";
import { environmentFailure } from "../run/failure";
import { isOwn, ruleFile, toDisturbance } from "./actions";
import { type Action, type Activity } from "./activities";
import { interrupted } from "./clock";
import { type Ground } from "./ground";
import { type ActivityRecord, type Journal, type SteadyState } from "./journal";
import { journalOf } from "./journal-of";
import { countOf, prepareCatalogue } from "./load";
import { MethodRun } from "./method";
import { type LoadedExperiment } from "./parse";
import { settledProbe, tolerates } from "./probes";
import { type RunOutcome, runUnderLoad } from "./run";
import { type Experiment } from "./schema";

/** What a run tells while it goes on. */
export type Progress = {
  say(line: string): void;
  /** About once a second while a load runs. */
  tick(run: "control" | "fault", elapsedMs: number, records: readonly LoadOutcome[]): void;
};

export type EngineOptions = {
  loaded: LoadedExperiment;
  ground: Ground;
  progress: Progress;
  /** Ctrl-C. */
  signal: AbortSignal;
  /** In the place of the file's. */
  seed?: number;
  /** Takes the protection away first: the hypothesis should then fail. */
  withoutProtection?: boolean;
  machine: Machine;
  versions: Record<string, string>;
  /** The generator may send so late, at the 99th percentile, before a run is invalid. @default maxLagMs of lab/load */
  lagLimitMs?: number;
  /** So long a probe may fail, before the start and at the end: breakers that a run opened close by themselves. @default 30,000 */
  settleMs?: number;
};

const leaseMs = 15_000;
const renewEveryMs = 3_000;
const usualSettleMs = 30_000;

/** The experiment as it is run: another seed, or without its protection. */
export function planOf({ loaded, seed, withoutProtection }: EngineOptions): Experiment {
  const { experiment } = loaded;
  const load = { ...experiment.load, ...(seed !== undefined && { seed }) };
  if (withoutProtection !== true) return { ...experiment, load };
  const { protection } = experiment;
  if (protection === undefined)
    throw environmentFailure(
      "experiment.no_protection",
      `${loaded.file} does not say what its protection is`,
      "add a section `protection`, or run it without --without-protection",
    );
  const { setup, patterns, method } = protection.without;
  return {
    ...experiment,
    load: { ...load, ...(patterns !== undefined && { patterns }) },
    setup: [...experiment.setup, ...setup],
    method: method ?? experiment.method,
  };
}

/** Every action of an experiment that the target cannot do, in words; empty where it can do all. */
export function lacksOf(experiment: Experiment, ground: Pick<Ground, "lacks" | "target">): string[] {
  const lists: readonly (readonly Activity[])[] = [experiment.setup, experiment.method, experiment.rollbacks];
  return lists.flat().flatMap((activity) => {
    if (activity.type === "probe" || isOwn(activity.provider)) return [];
    const reason = ground.lacks(toDisturbance(activity.provider));
    return reason === undefined ? [] : [`${activity.name} (${activity.provider.func}): ${reason}`];
  });
}

/**
 * Runs one experiment: refuses before anything is touched where the system is not fit for it, then measures the load
 * without and with the method, heals everything and judges. Rejects with a `Failure` for a refusal.
 */
export async function runExperiment(options: EngineOptions): Promise<Journal> {
  const { ground, loaded, signal } = options;
  const experiment = planOf(options);
  const lacks = lacksOf(experiment, ground);
  if (lacks.length > 0)
    throw environmentFailure(
      "experiment.unsupported",
      `the target ${ground.target} cannot do what ${loaded.file} asks for: ${lacks.join("; ")}`,
      `run it on another target; docs/experiments.md says what works where`,
    );
  await ground.begin(experiment.title, leaseMs);
  const lease = setInterval(() => {
    // What fails here fails at the next step too, and is told there.
    ground.renew().catch(() => undefined);
  }, renewEveryMs);
  const run = new Run(options, experiment);
  let ended = false;
  try {
    const journal = await run.perform();
    ended = true;
    const healed = await ground.end();
    return { ...journal, symphony: { ...journal.symphony, healed } };
  } finally {
    clearInterval(lease);
    if (!ended) {
      const healed = await ground.end().catch(() => []);
      for (const detail of healed) options.progress.say(`healed: ${detail}`);
    }
    if (signal.aborted) options.progress.say("everything is healed");
  }
}

class Run {
  private readonly startedAt = new Date();
  private readonly rollbackRecords: ActivityRecord[] = [];
  private products: string[] = [];

  constructor(
    private readonly options: EngineOptions,
    private readonly experiment: Experiment,
  ) {}

  async perform(): Promise<Journal> {
    const { ground, progress } = this.options;
    const before = await this.steadyState("before");
    const { control, fault } = await this.bothRuns().finally(() => this.rollBack());
    const after = this.options.signal.aborted ? undefined : await this.steadyState("after");
    progress.say("judging");
    const { loaded, withoutProtection, machine, versions, lagLimitMs, signal } = this.options;
    return journalOf({
      ...{ before, after, control, fault, ground, loaded, machine, versions, lagLimitMs },
      startedAt: this.startedAt,
      experiment: this.experiment,
      rollbacks: this.rollbackRecords,
      withoutProtection: withoutProtection === true,
      interrupted: signal.aborted,
    });
  }

  private async bothRuns(): Promise<{ control: RunOutcome; fault: RunOutcome }> {
    const { progress } = this.options;
    await this.prepare();
    progress.say("control run: the same load, nothing broken");
    const control = await this.run("control", []);
    this.checkInterrupt();
    progress.say("the run itself: the load and the method");
    return { control, fault: await this.run("fault", this.experiment.method) };
  }

  /** What must be there before both runs; the session heals it at the very end. */
  private async prepare(): Promise<void> {
    const { ground, progress, withoutProtection, loaded } = this.options;
    if (withoutProtection === true)
      for (const path of loaded.experiment.protection?.without.rules ?? []) {
        const { detail } = await ground.disturb(await ruleFile(path));
        progress.say(`without the protection: ${detail}`);
      }
    const setup = this.methodRun([]);
    await setup.perform(this.experiment.setup);
    const undone = setup.effects.find(({ confirmed }) => !confirmed);
    if (undone !== undefined)
      throw environmentFailure(
        "experiment.setup",
        `the setup ${undone.name} did not take effect: ${undone.detail}`,
        "see ./symphony status and ./symphony logs",
      );
    this.products = await prepareCatalogue(ground.system, countOf(this.experiment.load) * 2);
    this.checkInterrupt();
  }

  private methodRun(flooded: LoadOutcome[], now: () => number = () => 0): MethodRun {
    const { ground, progress, signal } = this.options;
    return new MethodRun({
      ...{ ground, signal, now, flooded },
      products: this.products,
      seed: this.experiment.load.seed,
      say: (line) => {
        progress.say(line);
      },
    });
  }

  private run(name: "control" | "fault", method: readonly Activity[]): Promise<RunOutcome> {
    const { ground, progress, signal, withoutProtection } = this.options;
    return runUnderLoad({
      ...{ name, method, ground, progress, signal },
      experiment: this.experiment,
      products: this.products,
      // Without its protection a system may never come to rest.
      restLimitMs: withoutProtection === true ? 20_000 : 90_000,
    });
  }

  private async rollBack(): Promise<void> {
    const { rollbacks } = this.experiment;
    if (rollbacks.length === 0) return;
    const { ground, progress } = this.options;
    const run = new MethodRun({
      ...{ ground, flooded: [] },
      now: () => 0,
      products: this.products,
      seed: this.experiment.load.seed,
      // They run after Ctrl-C too.
      signal: new AbortController().signal,
      say: (line) => {
        progress.say(`rollback ${line}`);
      },
    });
    await run.perform(rollbacks satisfies Action[]);
    this.rollbackRecords.push(...run.records);
  }

  private async steadyState(when: "before" | "after"): Promise<SteadyState> {
    const { ground, progress } = this.options;
    if (when === "before") {
      const faults = await ground.activeFaults();
      if (faults.length > 0)
        throw environmentFailure(
          "experiment.faults_active",
          `the system is broken already: ${faults.join(", ")} in force`,
          "clear them with ./symphony fault clear --all",
        );
    }
    const { probes, title } = this.experiment["steady-state-hypothesis"];
    const state: SteadyState = { steady_state_met: true, probes: [] };
    for (const probe of probes) {
      const startedAt = Date.now();
      const { signal, settleMs = usualSettleMs } = this.options;
      const { value, detail } = await settledProbe(ground, probe, { settleMs, signal });
      const met = tolerates(probe.tolerance, value);
      state.steady_state_met &&= met;
      state.probes.push({
        activity: { type: "probe", name: probe.name, provider: probe.provider },
        start: new Date(startedAt).toISOString(),
        end: new Date().toISOString(),
        duration: (Date.now() - startedAt) / 1000,
        status: met ? "succeeded" : "failed",
        output: value,
        tolerance_met: met,
      });
      progress.say(`${when}: ${probe.name}: ${String(value)} (${detail})`);
      if (!met && when === "before")
        throw environmentFailure(
          "experiment.unsteady",
          `"${title}" does not hold before the start: ${probe.name} is ${String(value)} (${detail}), not ${JSON.stringify(probe.tolerance)}`,
          "see ./symphony status; nothing was broken",
        );
    }
    return state;
  }

  private checkInterrupt(): void {
    if (this.options.signal.aborted) throw interrupted();
  }
}
