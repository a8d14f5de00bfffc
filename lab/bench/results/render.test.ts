import { headlineRun, matrixRun } from "../../../test/support/bench-runs";
import { renderResults } from "./render";

test.each([
  "Run `20261123-230000-headline` of 2026-11-23, seed 7, commit abc1234",
  /\| average response time +\| 850 ms → 180 ms \(4\.7×\) +\| 300 ms +\| 50 ms +\| 6\.00× \(5\.50 to 7\.25\) +\| ≥ 6×: met/,
  /\| CPU per confirmed order .*\| symphony loses \|/,
  "5 pairs of blocks in the order A-B-B-A",
  "(chaos 40.0, symphony 60.3 orders/s)",
  /\| order-sidecar +\| 2\.00 ms +\| 2\.00 ms +\|/,
  /\| chaos +\| 1000 +\| 0\.50 % +\| 0\.80 % +\|/,
  /\| chaos +\| 8 +\| 1\.6 % +\|/,
  /\| symphony +\| 1 +\| 0\.2 % +\|/,
  "3 s with 0.2 %",
  "at most 3.3 ms late",
  "## What each arm runs",
])("the document says %s", (part) => {
  expect(renderResults({ headline: headlineRun() })).toMatch(part);
});

test("a run that is invalid or short says so, with the reason", () => {
  const doubts = ["the load generator lagged by 80 ms (p99): calm, chaos, pair 1"];
  const text = renderResults({ headline: headlineRun({ valid: false, whole: false, doubts }) });
  expect(text).toContain("**INVALID: these are not the system's figures.**");
  expect(text).toContain("**the load generator lagged by 80 ms");
  expect(text).toContain("**This is a short look, not the full run");
  expect(renderResults({ headline: headlineRun() })).not.toContain("INVALID");
});

test("a run that was ended early says how many pairs it holds, and why", () => {
  const text = renderResults({
    headline: headlineRun({ pairs: 3, whole: false, ended: "it was interrupted", outcome: "ended early" }),
  });
  expect(text).toContain("**It holds 3 of the 5 pairs that were asked for: it was interrupted.**");
  expect(text).toContain("3 pairs of blocks in the order A-B-B-A");
  expect(text).not.toContain("a short look");
});

test("the matrix and the notes are in where there are some", () => {
  const text = renderResults({
    headline: headlineRun(),
    matrix: matrixRun(),
    notes: "Why a goal is missed.\n",
  });
  expect(text).toContain("## The decision matrix");
  expect(text).toContain("article: Strong, **measured: Eventual**");
  expect(text).toContain("### What stands behind it\n\nWhy a goal is missed.\n");
});
