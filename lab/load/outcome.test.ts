import { endOf, hasLagged, type Outcome } from "./outcome";
import { summarise } from "./percentiles";

const lags = (late: number, ms: number) =>
  summarise([...Array<number>(1_000 - late).fill(1), ...Array<number>(late).fill(ms)]);

test.each([
  { name: "in time", lagMs: lags(0, 0), notSent: 0, lagged: false },
  { name: "one late send in two hundred", lagMs: lags(5, 400), notSent: 0, lagged: false },
  { name: "more than one in a hundred late", lagMs: lags(11, 51), notSent: 0, lagged: true },
  { name: "one order not sent at all", lagMs: lags(0, 0), notSent: 1, lagged: true },
  { name: "nothing sent", lagMs: undefined, notSent: 0, lagged: false },
])("$name: lagged is $lagged", ({ lagMs, notSent, lagged }) => {
  expect(hasLagged({ lagMs, notSent })).toBe(lagged);
});

const base: Outcome = { key: "k", at: 0, lagMs: 0, answerMs: 40, status: 201, told: "confirmed", endMs: 40 };

test.each<[string, Partial<Outcome>, number | undefined]>([
  ["an order whose answer told", {}, 40],
  ["one that was accepted and confirmed later", { status: 202, endMs: 90 }, 90],
  [
    "one that was accepted and has no end yet",
    { status: 202, told: "open", endMs: undefined as never },
    undefined,
  ],
  ["a refusal", { status: 402, told: "refused", endMs: undefined as never }, 40],
  ["no answer", { status: 0, told: "error", endMs: undefined as never }, undefined],
])("the end of %s for its customer", (_name, change, expected) => {
  expect(endOf({ ...base, ...change })).toBe(expected);
});
