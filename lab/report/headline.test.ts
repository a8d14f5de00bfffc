import { headlineRun } from "../../test/support/bench-runs";
import { renderHeadlineReport, worstLag } from "./headline";

const page = renderHeadlineReport(headlineRun());

test.each([
  "Chaos against symphony",
  "6.00× (5.50 to 7.25)",
  "symphony loses",
  "Pair 1: confirmed orders by the second",
  "shipping-hangs",
  "npm run bench -- headline --pairs 5 --requests 10000 --rate 20 --seed 7",
  "fsync: p50 0.1 ms, p99 0.5 ms",
  "abc1234",
  "envoy 1.40.0",
  "A | CPU",
])("the report says %s", (part) => {
  expect(page).toContain(part);
});

test("the report is one file: nothing is fetched, and no script runs", () => {
  expect(page).not.toMatch(/<script|<link|src=|href=|url\(/);
});

test("a run that is not valid or not whole says so at the top", () => {
  const text = renderHeadlineReport(
    headlineRun({ valid: false, whole: false, pairs: 1, ended: "it was interrupted", doubts: ["it lagged"] }),
  );
  expect(text).toContain("INVALID: these are not the system's figures.");
  expect(text).toContain("it lagged It holds 1 of the 5 pairs that were asked for: it was interrupted.");
});

test("a run without a whole pair is a page without tables and plots", () => {
  const text = renderHeadlineReport(
    headlineRun({ blocks: [], rows: [], pairs: 0, whole: false, ended: "it was interrupted" }),
  );
  expect(text).toContain("It holds 0 of the 5 pairs");
  expect(text).not.toContain("<figure>");
  expect(worstLag({ blocks: [] })).toBe(0);
});
