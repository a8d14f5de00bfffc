import { type Outcome as LoadOutcome } from "../load/outcome";
import { isGood, measureRequests, recoveryOf, secondsOf } from "./measures";

const request = (change: Partial<LoadOutcome> = {}): LoadOutcome => ({
  at: 0,
  key: "k",
  lagMs: 0,
  orderId: "o",
  token: "tok_ok",
  told: "confirmed",
  answerMs: 20,
  endMs: 100,
  ...change,
});

test.each<[string, Partial<LoadOutcome>, boolean]>([
  ["a paid order that is confirmed", {}, true],
  ["a paid order that failed", { told: "failed", code: "peer.timeout" }, false],
  [
    "a declined one that failed so",
    { token: "tok_declined", told: "failed", code: "payment.declined" },
    true,
  ],
  [
    "a declined one that failed otherwise",
    { token: "tok_declined", told: "failed", code: "saga.deadline" },
    false,
  ],
  ["a declined one that was confirmed", { token: "tok_declined" }, false],
  ["a refused one", { told: "refused", code: "rate.limited" }, false],
  ["an order that never ended", { told: "open" }, false],
  ["one without an answer", { told: "error", code: "ECONNRESET" }, false],
  [
    "a declined one whose answer says so at once",
    { token: "tok_declined", told: "refused", code: "payment.declined" },
    true,
  ],
])("%s is good: %p", (_name, change, expected) => {
  expect(isGood(request(change))).toBe(expected);
});

test("shares and percentiles of a run", () => {
  const records = [
    ...Array.from({ length: 98 }, (_, index) => request({ answerMs: index + 1, endMs: 10 * (index + 1) })),
    request({ told: "open", answerMs: 99, endMs: undefined as never }),
    request({ told: "refused", orderId: undefined as never, answerMs: 100, endMs: undefined as never }),
  ];
  expect(measureRequests(records)).toMatchObject({
    success: 98,
    "accepted-p50": 50,
    "accepted-p99": 99,
    "confirmed-p50": expect.closeTo(490, 0),
    completed: 98.99,
  });
});

test("a run without requests has no measures", () => {
  expect(measureRequests([])).toEqual({});
});

/** Ten requests a second for ten seconds; those sent between the bounds are bad. */
const run = (badFrom: number, badUntil: number): LoadOutcome[] =>
  Array.from({ length: 100 }, (_, index) => {
    const at = index * 100;
    return request(at >= badFrom && at < badUntil ? { at, told: "refused" } : { at });
  });
const recovery = (records: LoadOutcome[], healedAtMs: number, goodWithinMs = 2000) =>
  recoveryOf({ records, control: run(0, 0), healedAtMs, endMs: 10_000, goodWithinMs });

test.each<[string, number, number, number, number | undefined]>([
  ["well before the healing", 1000, 3000, 4000, 0],
  ["well with the healing", 2000, 4000, 4000, 0],
  ["bad for two seconds more", 2000, 6000, 4000, 2000],
  ["bad to the end", 2000, 10_000, 4000, Number.POSITIVE_INFINITY],
  ["healed too late to tell", 2000, 9500, 9500, undefined],
])("recovery: %s", (_name, badFrom, badUntil, healedAtMs, expected) => {
  expect(recovery(run(badFrom, badUntil), healedAtMs)).toBe(expected);
});

test("what relapses has not recovered before its last bad moment", () => {
  const records = run(2000, 4000).map((entry) =>
    entry.at >= 7000 && entry.at < 8000 ? { ...entry, told: "refused" as const } : entry,
  );
  expect(recovery(records, 4000)).toBe(4000);
});

test("what comes to its end too slowly is not good yet", () => {
  const records = run(0, 0).map((entry) => (entry.at < 6000 ? { ...entry, endMs: 2500 } : entry));
  expect(recovery(records, 4000)).toBe(2000);
  expect(recovery(records, 4000, 3000)).toBe(0);
});

test("a run second by second", () => {
  const [first, second] = secondsOf(run(1000, 2000), 10_000);
  expect(first).toEqual({ second: 0, sent: 10, good: 10, bad: 0, p50: 20, p99: 20 });
  expect(second).toMatchObject({ second: 1, sent: 10, good: 0, bad: 10 });
  expect(secondsOf([], 2500)).toHaveLength(3);
});
