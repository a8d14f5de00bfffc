import { summariseLatency } from "./latency";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
const within = (actual: number | undefined, expected: number): void =>
  expect(Math.abs((actual ?? Number.NaN) / expected - 1)).toBeLessThan(0.001);

test.each([
  // The percentiles of 1, 2, … n are known.
  { name: "1 to 1,000 ms", values: upTo(1_000), p50: 500, p90: 900, p99: 990, p999: 999, max: 1_000 },
  {
    name: "1 to 100,000 ms",
    values: upTo(100_000),
    p50: 50_000,
    p90: 90_000,
    p99: 99_000,
    p999: 99_900,
    max: 100_000,
  },
  { name: "one value", values: [0.25], p50: 0.25, p90: 0.25, p99: 0.25, p999: 0.25, max: 0.25 },
  {
    name: "two humps, three seconds apart",
    values: [...Array<number>(985).fill(40), ...Array<number>(15).fill(3_040)],
    p50: 40,
    p90: 40,
    p99: 3_040,
    p999: 3_040,
    max: 3_040,
  },
])("the percentiles of $name are right to 0.1 %", ({ values, p50, p90, p99, p999, max }) => {
  const found = summariseLatency(values);
  within(found?.p50, p50);
  within(found?.p90, p90);
  within(found?.p99, p99);
  within(found?.p999, p999);
  within(found?.max, max);
  within(found?.mean, values.reduce((sum, value) => sum + value, 0) / values.length);
  expect(found?.count).toBe(values.length);
});

test("the order of the values does not count", () => {
  expect(summariseLatency([3, 1, 2])).toEqual(summariseLatency([1, 2, 3]));
});

test("nothing has no percentiles, and what is no duration is refused", () => {
  expect(summariseLatency([])).toBeUndefined();
  expect(() => summariseLatency([1, -1])).toThrow("-1 ms is no duration");
  expect(() => summariseLatency([Number.NaN])).toThrow("NaN ms is no duration");
});
