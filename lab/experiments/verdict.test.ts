import { type Evidence } from "../mesh/disturb/disturbance";
import { decide, type Effect, type Evidences, formatMeasure, judge, judgeEffect, lagOf } from "./verdict";

const confirm = { "at-least-hits": 1 };
const effect = (evidence: Partial<Evidence>, wanted: object = {}): Effect =>
  judgeEffect(
    { name: "it-breaks", confirm: { ...confirm, ...wanted } },
    { seen: true, detail: "looked", ...evidence },
  );

test.each<[string, Partial<Evidence>, object, boolean]>([
  ["a process that is gone", {}, {}, true],
  ["a process that is still there", { seen: false }, {}, false],
  ["half of what is configured", { of: 1000, hit: 100, configuredPercent: 20 }, {}, true],
  ["less than half of it", { of: 1000, hit: 99, configuredPercent: 20 }, {}, false],
  ["less than half of it, as by chance of few calls", { of: 173, hit: 2, configuredPercent: 6 }, {}, true],
  ["so few that it is not chance", { of: 173, hit: 1, configuredPercent: 6 }, {}, false],
  ["half of the calls, where every one should be hit", { of: 10, hit: 5, configuredPercent: 100 }, {}, true],
  ["less, which is never chance there", { of: 10, hit: 4, configuredPercent: 100 }, {}, false],
  ["a fault that nobody met", { seen: false, of: 0, hit: 0, configuredPercent: 20 }, {}, false],
  [
    "a fault that should hit more often",
    { of: 100, hit: 4, configuredPercent: 4 },
    { "at-least-hits": 5 },
    false,
  ],
  [
    "a fault that need not hit so often",
    { of: 100, hit: 2, configuredPercent: 20 },
    { "at-least-percent": 1 },
    true,
  ],
  ["a fault of one caller among many", { of: 1000, hit: 3, configuredPercent: 0 }, {}, true],
])("confirmed by its effective rate: %s", (_name, evidence, wanted, confirmed) => {
  expect(effect(evidence, wanted).confirmed).toBe(confirmed);
});

test("an effect tells the rate that was seen beside the configured one", () => {
  expect(effect({ of: 40, hit: 9, configuredPercent: 20 }).detail).toBe("looked (22.5 %, configured 20 %)");
});

test.each<[string, object, number | undefined, number | undefined, boolean]>([
  ["at least, exactly", { "at-least": 99 }, 99, undefined, true],
  ["at least, not quite", { "at-least": 99 }, 98.999, undefined, false],
  ["at most, exactly", { "at-most": 5 }, 5, undefined, true],
  ["at most, more", { "at-most": 5 }, 5.1, undefined, false],
  ["both, between", { "at-least": 9, "at-most": 9 }, 9, undefined, true],
  ["times the control run's", { "at-most-times-control": 2 }, 200, 100, true],
  ["more than that", { "at-most-times-control": 2 }, 201, 100, false],
  ["without a control run to compare with", { "at-most-times-control": 2 }, 1, undefined, false],
  ["not measured", { "at-least": 0 }, undefined, 100, false],
  ["never recovered", { "at-most": 5000 }, Number.POSITIVE_INFINITY, undefined, false],
])("a limit: %s", (_name, limits, observed, control, held) => {
  const measured = (value: number | undefined) => (value === undefined ? {} : { success: value });
  expect(judge({ success: limits }, measured(observed), measured(control))).toMatchObject([{ held }]);
});

test("an empty sentence of the hypothesis is none", () => {
  expect(judge({ success: undefined }, {}, {})).toEqual([]);
});

test.each([
  ["success" as const, 99.123, "99.12 %"],
  ["recovery" as const, Number.POSITIVE_INFINITY, "not before the end"],
  ["recovery" as const, 1250, "1250 ms"],
  ["violations" as const, undefined, "not measured"],
])("%s of %p reads %s", (measure, value, text) => {
  expect(formatMeasure(measure, value)).toBe(text);
});

const summary = (p99: number) => ({ count: 1, mean: p99, p50: p99, p90: p99, p99, max: p99 });
test("a generator that lagged makes a run invalid, one that kept up does not", () => {
  expect(lagOf("control", { lagMs: summary(100), notSent: 0 }, 100)).toBeUndefined();
  expect(lagOf("control", { lagMs: summary(101), notSent: 0 }, 100)).toMatch(
    /invalid: the load generator lagged/,
  );
  expect(lagOf("fault", { lagMs: summary(1), notSent: 3 }, 100)).toMatch(/invalid: 3 requests/);
  expect(lagOf("fault", { lagMs: undefined, notSent: 0 }, 100)).toBeUndefined();
});

const finding = (held: boolean) => ({
  measure: "success" as const,
  held,
  limit: "at least 99 %",
  observed: held ? 100 : 50,
  control: 100,
});
const sound = (): Evidences => ({
  interrupted: false,
  stoppedBy: undefined,
  effects: [effect({})],
  findings: [finding(true)],
  control: { success: 100 },
  controlStoppedBy: undefined,
  lags: [],
  deviations: [],
});

test.each<[string, Partial<Evidences>, string, boolean | undefined]>([
  ["everything as expected", {}, "held", true],
  ["a sentence that does not hold", { findings: [finding(true), finding(false)] }, "failed", false],
  ["a steady state that did not come back", { deviations: ["order was open"] }, "failed", false],
  ["a fault that was never seen", { effects: [effect({ seen: false })] }, "inconclusive", undefined],
  [
    "a fault that was never seen, and a failure",
    { effects: [effect({ seen: false })], findings: [finding(false)] },
    "inconclusive",
    undefined,
  ],
  ["a generator that lagged", { lags: ["invalid: it lagged"] }, "inconclusive", undefined],
  [
    "a control run that was bad already",
    { control: { success: 80 }, findings: [finding(false)] },
    "inconclusive",
    undefined,
  ],
  ["a stop condition", { stoppedBy: "stopped: success", findings: [finding(false)] }, "stopped", undefined],
  ["a stop condition in the control run", { controlStoppedBy: "stopped: open" }, "inconclusive", undefined],
  [
    "a stop condition in both runs",
    { stoppedBy: "stopped: open", controlStoppedBy: "stopped: open" },
    "inconclusive",
    undefined,
  ],
  ["Ctrl-C", { interrupted: true, stoppedBy: "stopped" }, "interrupted", undefined],
])("%s", (_name, change, outcome, hypothesisHeld) => {
  const verdict = decide({ ...sound(), ...change });
  expect(verdict).toMatchObject({ outcome, hypothesisHeld });
  expect(verdict.reasons.length === 0).toBe(outcome === "held");
});

test("a control run that was cut short is told in words, before anything else", () => {
  const { reasons } = decide({
    ...sound(),
    controlStoppedBy: "stopped: open was above 2000",
    lags: ["late"],
  });
  expect(reasons).toEqual([
    "the control run itself met a stop condition, with nothing broken: stopped: open was above 2000",
    "late",
  ]);
});
