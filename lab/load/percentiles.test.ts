import { percentile, summarise } from "./percentiles";

test.each([
  [[1], 0.5, 1],
  [[1, 2, 3, 4], 0.5, 2],
  [[1, 2, 3, 4], 0.99, 4],
  [[1, 2, 3, 4], 0, 1],
  [Array.from({ length: 100 }, (_, index) => index + 1), 0.99, 99],
])("the percentile of %j at %d is %d", (values, fraction, expected) => {
  expect(percentile(values, fraction)).toBe(expected);
});

test("an empty set has no percentile and no summary", () => {
  expect(percentile([], 0.5)).toBeNaN();
  expect(summarise([])).toBeUndefined();
});

test("a summary does not depend on the order of the values", () => {
  expect(summarise([30, 10, 20])).toEqual({ count: 3, mean: 20, p50: 20, p90: 30, p99: 30, max: 30 });
});
