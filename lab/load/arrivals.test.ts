import { arrivals } from "./arrivals";

const collect = (seed: number, kind: "poisson" | "uniform") => [
  ...arrivals({ rate: 100, durationMs: 10_000, seed, kind }),
];

test("the same seed gives the same schedule, another seed another one", () => {
  expect(collect(7, "poisson")).toEqual(collect(7, "poisson"));
  expect(collect(7, "poisson")).not.toEqual(collect(8, "poisson"));
});

test.each([1, 2, 3, 4, 5])("poisson arrivals of seed %d keep the rate on average, in order", (seed) => {
  const times = collect(seed, "poisson");
  // 1000 are expected, with a standard deviation of 32.
  expect(Math.abs(times.length - 1000)).toBeLessThan(130);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.every((time) => time >= 0 && time < 10_000)).toBe(true);
});

test("poisson gaps vary as those of independent clients do", () => {
  const times = collect(1, "poisson");
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(deviation / mean).toBeGreaterThan(0.85);
  expect(deviation / mean).toBeLessThan(1.15);
});

test("uniform arrivals have equal gaps", () => {
  const times = collect(1, "uniform");
  expect(times).toHaveLength(999);
  expect(times.slice(0, 3)).toEqual([10, 20, 30]);
});
