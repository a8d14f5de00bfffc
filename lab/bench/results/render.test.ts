import { type HeadlineRun } from "../headline/headline";
import { type PhaseScore } from "../headline/score";
import { type MatrixRun, renderResults } from "./render";

const machine = {
  cpu: "A | CPU",
  cores: 2,
  memoryGb: 8,
  kernel: "6.1",
  node: "v20",
  commit: "abc1234",
  fsyncP50Ms: 0.1,
  fsyncP99Ms: 0.5,
};
const head = {
  startedAt: "2026-11-23T23:00:00.000Z",
  seed: 7,
  machine,
  versions: { envoy: "1.40.0" },
  name: "headline",
  title: "Chaos against symphony",
  outcome: "valid",
  figures: {},
};
const lag = { count: 9, mean: 1, p50: 1, p90: 2, p99: 3.25, p999: 4, max: 5 };
const phase = {
  lag,
  cpu: { order: 4, "order-sidecar": 2 },
  faults: { calls: 1_000, aborts: 5, delays: 8 },
} as unknown as PhaseScore;

function headline(change: Partial<HeadlineRun> = {}): HeadlineRun {
  return {
    ...head,
    kind: "headline",
    id: "20261123-230000-headline",
    settings: {
      pairs: 5,
      requests: 10_000,
      quick: false,
      lengths: {
        ...{ rate: 20, warmUpMs: 8_000, calmMs: 12_000, independentMs: 100_000 },
        ...{ saturatedMs: 8_000, correlatedMs: 50_000 },
      },
    },
    faults: { abortPercent: 0.51, delayPercent: 0.8, delaySeconds: 3, lostAnswerPercent: 0.5 },
    ceilings: { chaos: 40, symphony: 60.25 },
    blocks: (["chaos", "symphony"] as const).map((arm) => ({
      ...{ arm, pair: 0, seed: 7, calm: phase, independent: phase, correlated: phase },
      ...{ saturatedPerSecond: 1, violations: [], lostEvents: 0, unsettled: [] },
    })),
    rows: [
      {
        section: "independent",
        name: "average response time",
        article: "850 ms → 180 ms (4.7×)",
        chaos: "300 ms",
        symphony: "50 ms",
        ratio: { value: 6, low: 5.5, high: 7.25 },
        goal: "≥ 6×",
        met: true,
      },
      { section: "calm", name: "CPU per confirmed order", chaos: "20 ms", symphony: "25 ms", loses: true },
    ],
    whole: true,
    valid: true,
    doubts: [],
    ...change,
  };
}

test.each([
  "Run `20261123-230000-headline` of 2026-11-23, seed 7, commit abc1234",
  /\| average response time +\| 850 ms → 180 ms \(4\.7×\) +\| 300 ms +\| 50 ms +\| 6\.00× \(5\.50 to 7\.25\) +\| ≥ 6×: met/,
  /\| CPU per confirmed order .*\| symphony loses \|/,
  "5 pairs of blocks in the order A-B-B-A",
  "(chaos 40.0, symphony 60.3 orders/s)",
  /\| order-sidecar +\| 2\.00 ms +\| 2\.00 ms +\|/,
  /\| chaos +\| 1000 +\| 0\.50 % +\| 0\.80 % +\|/,
  "at most 3.3 ms late",
  "## What each arm runs",
])("the document says %s", (part) => {
  expect(renderResults({ headline: headline() })).toMatch(part);
});

test("a run that is invalid or short says so, with the reason", () => {
  const doubts = ["the load generator lagged by 80 ms (p99): calm, chaos, pair 1"];
  const text = renderResults({ headline: headline({ valid: false, whole: false, doubts }) });
  expect(text).toContain("**INVALID: the load generator was the bottleneck");
  expect(text).toContain("**the load generator lagged by 80 ms");
  expect(text).toContain("**This is a short look, not the full run");
  expect(renderResults({ headline: headline() })).not.toContain("INVALID");
});

test("the matrix and the notes are in where there are some", () => {
  const matrix: MatrixRun = {
    ...head,
    kind: "matrix",
    id: "20261123-234500-matrix",
    headings: ["", "consistency"],
    cells: [["rest", "0 violations; article: Strong, agreed"]],
    remarks: ["How the words come about."],
  };
  const text = renderResults({ headline: headline(), matrix, notes: "Why a goal is missed.\n" });
  expect(text).toContain("## The decision matrix");
  expect(text).toContain("article: Strong, agreed");
  expect(text).toContain("### What stands behind it\n\nWhy a goal is missed.\n");
});
