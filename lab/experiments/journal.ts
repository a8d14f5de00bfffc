import { type Machine } from "../bench/machine";
import { type Measures, type Second } from "./measures";
import { type Experiment } from "./schema";
import { type Outcome, type Verdict } from "./verdict";

/** Something that was done or looked at, in Chaos Toolkit's shape. */
export type ActivityRecord = {
  activity: { type: "action" | "probe"; name: string; provider: unknown };
  /** ISO 8601. */
  start: string;
  end: string;
  /** Seconds. */
  duration: number;
  status: "succeeded" | "failed" | "aborted";
  /** What it gave, or the words about what it did. */
  output: unknown;
  /** Of a probe with a tolerance. */
  tolerance_met?: boolean;
};

export type SteadyState = { steady_state_met: boolean; probes: ActivityRecord[] };

/** While something was in force, in ms from the start of the load. */
export type Band = { name: string; fromMs: number; toMs: number };

export type RunReport = {
  measures: Measures;
  seconds: Second[];
  lagMs: { p50: number; p99: number; max: number } | undefined;
  notSent: number;
  sent: number;
};

/** Everything about one run: what `./symphony runs` keeps. The outer fields are those of Chaos Toolkit's journal. */
export type Journal = {
  "chaoslib-version": string;
  platform: string;
  node: string;
  experiment: Experiment;
  start: string;
  end: string;
  /** Seconds. */
  duration: number;
  /** Chaos Toolkit's words: `deviated` where the hypothesis did not hold. */
  status: "completed" | "interrupted" | "aborted" | "failed";
  deviated: boolean;
  steady_states: { before: SteadyState | undefined; after: SteadyState | undefined };
  run: ActivityRecord[];
  rollbacks: ActivityRecord[];
  symphony: {
    version: 1;
    file: string;
    name: string;
    target: string;
    system: string;
    seed: number;
    withoutProtection: boolean;
    outcome: Outcome;
    verdict: Verdict;
    machine: Machine;
    versions: Record<string, string>;
    control: RunReport | undefined;
    fault: RunReport | undefined;
    bands: Band[];
    /** Ms from the start of the load; undefined where nothing was healed before its end. */
    healedAtMs: number | undefined;
    healed: string[];
    /** Violated invariants that were not there before. */
    violations: string[];
  };
};

const statuses: Record<Outcome, Journal["status"]> = {
  held: "completed",
  failed: "completed",
  stopped: "aborted",
  inconclusive: "failed",
  interrupted: "interrupted",
};

/** Chaos Toolkit's status for an outcome. */
export const statusOf = (outcome: Outcome): Journal["status"] => statuses[outcome];
