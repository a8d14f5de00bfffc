import { type Machine } from "../bench/machine";
import { type Ground } from "./ground";
import { type ActivityRecord, type Journal, statusOf, type SteadyState } from "./journal";
import { type LoadedExperiment } from "./parse";
import { measureRun, type RunOutcome } from "./run";
import { type Experiment } from "./schema";
import { decide, judge, lagOf } from "./verdict";

/** Everything that a run gave. */
export type RunParts = {
  loaded: LoadedExperiment;
  /** As it was run. */
  experiment: Experiment;
  ground: Pick<Ground, "target" | "description">;
  startedAt: Date;
  before: SteadyState;
  /** Undefined where the run was interrupted. */
  after: SteadyState | undefined;
  control: RunOutcome;
  fault: RunOutcome;
  rollbacks: ActivityRecord[];
  withoutProtection: boolean;
  interrupted: boolean;
  machine: Machine;
  versions: Record<string, string>;
  lagLimitMs: number | undefined;
};

/** Measures both runs, judges, and writes it all down. */
export function journalOf(parts: RunParts): Journal {
  const { experiment, loaded, ground, control, fault, before, after, machine } = parts;
  const controlReport = measureRun(control, undefined, experiment);
  const faultReport = measureRun(fault, control, experiment);
  const lags = [
    lagOf("control", control.result, parts.lagLimitMs),
    lagOf("fault", fault.result, parts.lagLimitMs),
  ];
  const verdict = decide({
    interrupted: parts.interrupted,
    stoppedBy: fault.stoppedBy,
    controlStoppedBy: control.stoppedBy,
    effects: fault.effects,
    findings: judge(experiment.hypothesis, faultReport.measures, controlReport.measures),
    control: controlReport.measures,
    lags: lags.filter((reason) => reason !== undefined),
    deviations: (after?.probes ?? [])
      .filter(({ tolerance_met: met }) => met === false)
      .map(({ activity, output }) => `${activity.name} was ${String(output)} after everything was healed`),
  });
  const end = new Date();
  return {
    "chaoslib-version": "1.0.0",
    platform: `${process.platform} ${machine.kernel}`,
    node: process.version,
    experiment,
    start: parts.startedAt.toISOString(),
    end: end.toISOString(),
    duration: (end.getTime() - parts.startedAt.getTime()) / 1000,
    status: statusOf(verdict.outcome),
    deviated: verdict.hypothesisHeld === false,
    steady_states: { before, after },
    run: fault.activities,
    rollbacks: parts.rollbacks,
    symphony: {
      version: 1,
      file: loaded.file,
      name: loaded.name,
      target: ground.target,
      system: ground.description,
      seed: experiment.load.seed,
      withoutProtection: parts.withoutProtection,
      outcome: verdict.outcome,
      verdict,
      machine,
      versions: parts.versions,
      control: controlReport,
      fault: faultReport,
      bands: fault.bands,
      healedAtMs: fault.healedAtMs,
      healed: [],
      violations: fault.violations,
    },
  };
}
