import { type HeadlineRun } from "../../lab/bench/headline/headline";
import { independent } from "../../lab/bench/headline/schedule";
import { type PhaseScore } from "../../lab/bench/headline/score";
import { type MatrixRun } from "../../lab/bench/results/render";

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
const latency = (ms: number) => ({
  ...{ count: 9, mean: ms, p50: ms, p90: 2 * ms, p99: 3.25 * ms, p999: 4 * ms, max: 5 * ms },
});

function phase(answerMs: number): PhaseScore {
  return {
    ...{ sent: 100, confirmed: 98, failedTransactions: 1, disagreements: 0, late: 1, codes: {} },
    ...{ answer: latency(answerMs), completion: latency(answerMs), lag: latency(1) },
    ...{ completedPerSecond: 19, lagged: false, recovery: [] },
    calls: { attempts: 101, retries: 1 },
    faults: { calls: 1_000, aborts: 5, delays: 8 },
    cpu: { order: 4, "order-sidecar": 2 },
  };
}

const hung = { kind: "shipping-hangs", atMs: 500, endMs: 1_500, seen: true, detail: "stopped" } as const;
const correlated = (answerMs: number): PhaseScore => ({
  ...phase(answerMs),
  recovery: [{ ...hung, recoveredMs: 250 }],
  seconds: [0, 1].map((second) => ({ second, sent: 20, good: 19, bad: 1, p50: answerMs, p99: 3 * answerMs })),
});

/** A kept headline run of one pair, written by hand. */
export function headlineRun(change: Partial<HeadlineRun> = {}): HeadlineRun {
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
        ...{ saturatedMs: 8_000, correlatedMs: 50_000, inFlight: { chaos: 48, symphony: 192 } },
      },
    },
    faults: independent,
    repeated: [],
    pairs: 5,
    ceilings: { chaos: 40, symphony: 60.25 },
    blocks: (["chaos", "symphony"] as const).map((arm) => ({
      ...{ arm, pair: 0, seed: 7, calm: phase(60), independent: phase(300), correlated: correlated(90) },
      ...{ saturatedPerSecond: 1, saturatedLoopDelayMs: 2, unsettled: [] },
      ...{ violations: [], lostEvents: 0, orders: 100, events: 500 },
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

/** What is kept of a matrix run, as far as the documents need it. */
export function matrixRun(change: Partial<MatrixRun> = {}): MatrixRun {
  return {
    ...head,
    kind: "matrix",
    id: "20261123-234500-matrix",
    name: "matrix",
    title: "The decision matrix",
    headings: ["", "consistency"],
    cells: [["rest", "0 violations; article: Strong, **measured: Eventual**"]],
    remarks: ["How the words come about."],
    doubts: [],
    ...change,
  };
}
