import { countOf, durationOf, scheduleOf } from "./load";
import { type LoadPlan } from "./schema";

const plan = (change: Partial<LoadPlan> = {}): LoadPlan => ({
  profile: [
    { rate: 20, for: 5000 },
    { rate: 100, for: 2000 },
  ],
  arrivals: "poisson",
  seed: 7,
  patterns: ["saga"],
  mix: [{ token: "tok_ok", weight: 1 }],
  ...change,
});
const times = (change?: Partial<LoadPlan>): number[] => [...scheduleOf(plan(change))];

test("the same seed gives the same schedule, another seed another one", () => {
  expect(times()).toEqual(times());
  expect(times({ seed: 8 })).not.toEqual(times());
});

test("phases follow each other, each with its rate", () => {
  const all = times({ arrivals: "uniform" });
  expect(all.filter((at) => at < 5000)).toHaveLength(99);
  expect(all.filter((at) => at >= 5000)).toHaveLength(199);
  expect(all).toEqual([...all].sort((a, b) => a - b));
  expect(durationOf(plan())).toBe(7000);
  expect(countOf(plan({ arrivals: "uniform" }))).toBe(298);
});

test("another rate in a later phase leaves the earlier one as it was", () => {
  const other = times({
    profile: [
      { rate: 20, for: 5000 },
      { rate: 10, for: 2000 },
    ],
  });
  const first = (all: number[]): number[] => all.filter((at) => at < 5000);
  expect(first(other)).toEqual(first(times()));
});

test("two phases of one rate are not the same arrivals again", () => {
  const phase = { rate: 50, for: 1000 };
  const all = times({ profile: [phase, phase] });
  const second = all.filter((at) => at >= 1000).map((at) => at - 1000);
  expect(all.filter((at) => at < 1000)).not.toEqual(second);
});
