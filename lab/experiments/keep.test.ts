import { exitCodeOf } from "../cli/experiment-run";
import { renderReport } from "../report/experiment";
import { exitCodes } from "../run/failure";
import { type Journal } from "./journal";
import { renderJunit } from "./junit";
import { summaryOf } from "./keep";
import { loadExperiment } from "./parse";
import { type Outcome } from "./verdict";

async function journal(
  outcome: Outcome = "failed",
  change: Partial<Journal["symphony"]> = {},
): Promise<Journal> {
  const { experiment, file, name } = await loadExperiment("payment-outage");
  const report = {
    measures: { success: 61.5, recovery: Number.POSITIVE_INFINITY },
    seconds: [{ second: 0, sent: 8, good: 7, bad: 1, p50: 12, p99: 40 }],
    lagMs: { p50: 1, p99: 2, max: 3 },
    notSent: 0,
    sent: 8,
  };
  return {
    "chaoslib-version": "1.0.0",
    platform: "linux 6.1",
    node: "v22.0.0",
    experiment: { ...experiment, title: "Payment <script>alert(1)</script>" },
    start: "2026-11-23T22:05:01.000Z",
    end: "2026-11-23T22:06:01.000Z",
    duration: 60,
    status: "completed",
    deviated: outcome === "failed",
    steady_states: { before: undefined, after: undefined },
    run: [],
    rollbacks: [],
    symphony: {
      version: 1,
      file,
      name,
      target: "laptop",
      system: "a private system",
      seed: 81,
      withoutProtection: false,
      outcome,
      verdict: {
        outcome,
        faultConfirmed: true,
        effects: [{ name: "payment-is-down", confirmed: true, detail: "1 of 1 processes are down" }],
        hypothesisHeld: outcome === "held",
        findings: [
          {
            measure: "success",
            held: outcome === "held",
            limit: "at least 100 %",
            observed: 61.5,
            control: 100,
          },
        ],
        reasons: outcome === "held" ? [] : ["success was 61.5 %, not at least 100 %"],
      },
      machine: {
        cpu: "A CPU",
        cores: 2,
        memoryGb: 24,
        kernel: "6.1",
        node: "v22.0.0",
        commit: "abc1234",
        fsyncP50Ms: 0.2,
        fsyncP99Ms: 1.7,
      },
      versions: { envoy: "1.40.0" },
      control: report,
      fault: report,
      bands: [{ name: "payment-is-down", fromMs: 4000, toMs: 12_000 }],
      healedAtMs: 12_000,
      healed: [],
      violations: [],
      ...change,
    },
  };
}

test("a report is one file that needs nothing else, and tells what it takes to run it again", async () => {
  const html = renderReport(await journal());
  expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(/);
  for (const told of [
    "61.5 %",
    "payment-is-down",
    "A CPU",
    "fsync",
    "1.7 ms",
    "abc1234",
    "envoy 1.40.0",
    "--seed 81",
    "<svg",
    'class="band"',
    "p99 2 ms",
  ])
    expect(html).toContain(told);
  expect(html).toContain("Payment &lt;script&gt;");
});

test("what was not reached is kept as no number", async () => {
  expect(summaryOf(await journal())).toMatchObject({
    id: "20261123-220501-payment-outage",
    kind: "experiment",
    outcome: "failed",
    figures: {
      success: { value: 61.5, unit: "%" },
      recovery: { value: null, unit: "ms" },
      "control success": { value: 61.5, unit: "%" },
    },
  });
});

test("a run without its protection is a run of another name", async () => {
  expect(summaryOf(await journal("failed", { withoutProtection: true }))).toMatchObject({
    id: "20261123-220501-payment-outage-unprotected",
    name: "payment-outage-unprotected",
  });
});

test("JUnit: held passes, failed is a failure, the rest are errors", async () => {
  const xml = renderJunit([await journal("held"), await journal("failed"), await journal("inconclusive")]);
  expect(xml).toContain('tests="3" failures="1" errors="1"');
  expect(
    xml.match(/<failure message="failed">success was 61.5 %, not at least 100 %<\/failure>/g),
  ).toHaveLength(1);
  expect(xml.match(/<error message="inconclusive">/g)).toHaveLength(1);
});

test.each<[Outcome[], number]>([
  [[], exitCodes.ok],
  [["held", "held"], 0],
  [["held", "failed"], 1],
  [["stopped"], 4],
  [["inconclusive", "held"], 5],
  [["inconclusive", "stopped"], 4],
  [["failed", "interrupted"], 130],
])("outcomes %j end with exit code %d", (outcomes, code) => {
  expect(exitCodeOf(outcomes)).toBe(code);
});
