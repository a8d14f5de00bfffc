import { binomialDistribution } from "simple-statistics";

import { maxLagMs } from "../load/outcome";
import { type Summary } from "../load/percentiles";
import { type Evidence } from "../mesh/disturb/disturbance";
import { type Action } from "./activities";
import { type Measures } from "./measures";
import { type Hypothesis, type Measure } from "./schema";

/** `stopped`: by a stop condition. `inconclusive`: the fault was not seen, or the run measured something else. */
export type Outcome = "held" | "failed" | "stopped" | "inconclusive" | "interrupted";

/** Whether an action had the effect that it should have. */
export type Effect = { name: string; confirmed: boolean; detail: string };

/** One sentence of the hypothesis, and what was observed. */
export type Finding = {
  measure: Measure;
  held: boolean;
  /** In words, such as `at most 1200 ms (1.5 times the control run's)`. */
  limit: string;
  observed: number | undefined;
  control: number | undefined;
};

export type Verdict = {
  outcome: Outcome;
  /** Was what the method says seen to happen, by its effective rate? */
  faultConfirmed: boolean;
  effects: Effect[];
  /** Undefined where nothing can be said. */
  hypothesisHeld: boolean | undefined;
  findings: Finding[];
  /** Why the outcome is what it is, the most important first. */
  reasons: string[];
};

/** A fault that is there hits so few calls in one of a thousand runs. */
const rare = 0.001;

/**
 * How many of so many calls a fault of so many percent must have hit to count as seen: half as many as configured, or
 * fewer where that few come by chance.
 */
function hitsOfFault(calls: number, percent: number): number {
  const half = (calls * percent) / 200;
  let cumulative = 0;
  const byChance = (binomialDistribution(calls, percent / 100) ?? []).findIndex((probability) => {
    cumulative += probability;
    return cumulative > rare;
  });
  return byChance < 0 ? half : Math.min(half, byChance);
}

/** Whether what was seen of an action is what its `confirm` asks for. */
export function judgeEffect(action: Pick<Action, "name" | "confirm">, evidence: Evidence): Effect {
  const { seen, detail, of = 0, hit = 0, configuredPercent } = evidence;
  if (configuredPercent === undefined) return { name: action.name, confirmed: seen, detail };
  const { "at-least-hits": hits, "at-least-percent": percent } = action.confirm;
  const ofRate = percent === undefined ? hitsOfFault(of, configuredPercent) : (of * percent) / 100;
  const needed = Math.ceil(Math.max(hits, ofRate));
  const confirmed = seen && hit >= needed;
  const rate = of === 0 ? 0 : (100 * hit) / of;
  const share = `${rate.toFixed(1)} %, configured ${String(configuredPercent)} %${confirmed ? "" : `, needed ${String(needed)}`}`;
  return { name: action.name, confirmed, detail: `${detail} (${share})` };
}

const units: Record<Measure, string> = {
  success: "%",
  completed: "%",
  "accepted-p50": "ms",
  "accepted-p99": "ms",
  "confirmed-p50": "ms",
  "confirmed-p99": "ms",
  amplification: "",
  recovery: "ms",
  violations: "",
  "dead-letters": "",
  "flood-refused": "%",
};

/** `%`, `ms`, or nothing for counts and ratios. */
export const unitOf = (measure: Measure): string => units[measure];

/** A measured value as people read it. */
export function formatMeasure(measure: Measure, value: number | undefined): string {
  if (value === undefined) return "not measured";
  if (value === Number.POSITIVE_INFINITY) return "not before the end";
  const rounded = Math.round(value * 100) / 100;
  return `${String(rounded)} ${units[measure]}`.trim();
}

type Limits = {
  "at-least"?: number | undefined;
  "at-most"?: number | undefined;
  "at-most-times-control"?: number | undefined;
};

/** Holds what was measured against each sentence of the hypothesis. What could not be measured does not hold. */
export function judge(hypothesis: Hypothesis, observed: Measures, control: Measures): Finding[] {
  return (Object.entries(hypothesis) as [Measure, Limits | undefined][]).flatMap(([measure, limits]) =>
    limits === undefined
      ? []
      : [find(measure, limits, { observed: observed[measure], control: control[measure] })],
  );
}

function find(
  measure: Measure,
  limits: Limits,
  { observed, control }: { observed: number | undefined; control: number | undefined },
): Finding {
  const words: string[] = [];
  let held = observed !== undefined;
  const hold = (text: string, isHeld: boolean): void => {
    words.push(text);
    held &&= isHeld;
  };
  const { "at-least": least, "at-most": most, "at-most-times-control": times } = limits;
  const value = observed ?? Number.NaN;
  if (least !== undefined) hold(`at least ${formatMeasure(measure, least)}`, value >= least);
  if (most !== undefined) hold(`at most ${formatMeasure(measure, most)}`, value <= most);
  if (times !== undefined) {
    const limit = control === undefined ? undefined : control * times;
    hold(
      `at most ${formatMeasure(measure, limit)} (${String(times)} times the control run's)`,
      limit !== undefined && value <= limit,
    );
  }
  return { measure, held, limit: words.join(" and "), observed, control };
}

/** What a run's own load generator did. */
export type GeneratorReport = { lagMs: Summary | undefined; notSent: number };

/** Why a run measured its own generator rather than the system; undefined where it did not. */
export function lagOf(
  name: string,
  { lagMs, notSent }: GeneratorReport,
  limitMs: number = maxLagMs,
): string | undefined {
  if (notSent > 0)
    return `invalid: ${String(notSent)} requests of the ${name} run were never sent, because 5000 were waiting`;
  if (lagMs !== undefined && lagMs.p99 > limitMs)
    return `invalid: the load generator lagged in the ${name} run; it sent ${String(lagMs.p99)} ms late (p99), more than ${String(limitMs)} ms`;
  return undefined;
}

/** The least share of good requests, in percent, with which a control run says something. */
const leastControlSuccess = 99;

export type Evidences = {
  interrupted: boolean;
  /** Which stop condition ended the run. */
  stoppedBy: string | undefined;
  effects: Effect[];
  findings: Finding[];
  control: Measures;
  /** The stop condition that ended the control run early. */
  controlStoppedBy: string | undefined;
  /** From `lagOf`. */
  lags: string[];
  /** What the steady-state hypothesis said after everything was healed. */
  deviations: string[];
};

/** Both verdicts: was the fault confirmed, and did the system hold? */
export function decide(evidence: Evidences): Verdict {
  const { effects, findings } = evidence;
  const faultConfirmed = effects.every(({ confirmed }) => confirmed);
  const held = findings.every((finding) => finding.held) && evidence.deviations.length === 0;
  const common = { effects, findings, faultConfirmed };
  if (evidence.interrupted)
    return { ...common, outcome: "interrupted", hypothesisHeld: undefined, reasons: ["interrupted"] };
  // A control run that was cut short is none, whatever ended the run beside it.
  if (evidence.stoppedBy !== undefined && evidence.controlStoppedBy === undefined)
    return { ...common, outcome: "stopped", hypothesisHeld: undefined, reasons: [evidence.stoppedBy] };
  const doubts = doubtsOf(evidence);
  if (doubts.length > 0)
    return { ...common, outcome: "inconclusive", hypothesisHeld: undefined, reasons: doubts };
  const broken = findings
    .filter((finding) => !finding.held)
    .map(
      ({ measure, observed, limit }) => `${measure} was ${formatMeasure(measure, observed)}, not ${limit}`,
    );
  return {
    ...common,
    outcome: held ? "held" : "failed",
    hypothesisHeld: held,
    reasons: [...broken, ...evidence.deviations],
  };
}

function doubtsOf({ effects, control, controlStoppedBy, lags }: Evidences): string[] {
  const unseen = effects
    .filter(({ confirmed }) => !confirmed)
    .map(({ name, detail }) => `${name} was not seen to take effect: ${detail}`);
  const { success } = control;
  const weak =
    success !== undefined && success < leastControlSuccess
      ? [`the control run itself had only ${formatMeasure("success", success)} success`]
      : [];
  const cut =
    controlStoppedBy === undefined
      ? []
      : [`the control run itself met a stop condition, with nothing broken: ${controlStoppedBy}`];
  return [...cut, ...lags, ...unseen, ...weak];
}
