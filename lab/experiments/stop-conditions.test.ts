import { type Outcome as LoadOutcome } from "../load/outcome";
import { watchConditions } from "./stop-conditions";

const at = (second: number, told: LoadOutcome["told"], answerMs = 10): LoadOutcome => ({
  at: second * 1000,
  key: "k",
  lagMs: 0,
  token: "tok_ok",
  told,
  answerMs,
});

type Condition = Parameters<typeof watchConditions>[0][number];
/** What a condition says second by second, over one request a second. */
function watch(condition: Condition, outcomes: LoadOutcome["told"][], answerMs = 10): (string | undefined)[] {
  const look = watchConditions([condition]);
  const records = outcomes.map((outcome, second) => at(second, outcome, answerMs));
  return outcomes.map((_, second) => look(records.slice(0, second + 1), (second + 1) * 1000));
}

const success: Condition = { measure: "success", below: 50, above: undefined, for: 2000 };

test("a condition stops only after it was met all of its time", () => {
  const said = watch(success, ["confirmed", "refused", "refused", "refused", "refused"]);
  expect(said.map((line) => line !== undefined)).toEqual([false, false, false, true, true]);
  expect(said[3]).toBe("stopped: success was below 50 for 2 s, 0.0 at last");
});

test("a moment in between starts it anew", () => {
  const said = watch(success, ["refused", "refused", "confirmed", "confirmed", "refused", "refused"]);
  expect(said.every((line) => line === undefined)).toBe(true);
});

test("orders on their way are neither good nor bad", () => {
  const said = watch(success, ["open", "open", "open", "open", "open", "open"]);
  expect(said.every((line) => line === undefined)).toBe(true);
});

test.each<[string, Condition, LoadOutcome["told"], number]>([
  ["orders that pile up", { measure: "open", above: 3, below: undefined, for: 1000 }, "open", 10],
  [
    "answers that take long",
    { measure: "accepted-p99", above: 900, below: undefined, for: 2000 },
    "confirmed",
    1000,
  ],
])("%s stop a run too", (_name, condition, outcome, answerMs) => {
  expect(watch(condition, Array<typeof outcome>(8).fill(outcome), answerMs).at(-1)).toMatch(/^stopped: /);
});

test("without conditions nothing stops", () => {
  expect(watchConditions([])([at(1, "refused")], 60_000)).toBeUndefined();
});
