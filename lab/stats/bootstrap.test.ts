import { mean } from "simple-statistics";

import { seededRandom } from "../load/random";
import { bootstrap, medianRatio } from "./bootstrap";

const average = (values: readonly number[]): number => mean([...values]);

test("a sample whose standard error is known gets the bounds that follow from it", () => {
  // 0 … 99: mean 49.5, standard deviation 28.87, so a standard error of 2.887 and bounds 1.96 of them away.
  const found = bootstrap(
    Array.from({ length: 100 }, (_, index) => index),
    average,
  );
  expect(found.value).toBe(49.5);
  expect(Math.abs(found.low - (49.5 - 1.96 * 2.887))).toBeLessThan(0.6);
  expect(Math.abs(found.high - (49.5 + 1.96 * 2.887))).toBeLessThan(0.6);
});

test("the bounds hold the true value as often as they claim", () => {
  const random = seededRandom(7);
  const trials = 40;
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const sample = Array.from({ length: 20 }, random);
    const { low, high } = bootstrap(sample, average, trial);
    if (low <= 0.5 && 0.5 <= high) held += 1;
  }
  // 38 of 40 with a standard deviation of 1.4; small samples hold a little less.
  expect(held).toBeGreaterThan(32);
});

test("the same seed gives the same bounds, another one others", () => {
  const sample = [1, 5, 2, 8, 4];
  expect(bootstrap(sample, average, 3)).toEqual(bootstrap(sample, average, 3));
  expect(
    bootstrap(
      Array.from({ length: 40 }, (_, i) => i ** 1.5),
      average,
      3,
    ),
  ).not.toEqual(
    bootstrap(
      Array.from({ length: 40 }, (_, i) => i ** 1.5),
      average,
      4,
    ),
  );
});

test("a ratio that is the same in each pair has no spread", () => {
  const pairs = [10, 20, 35].map((after) => ({ before: after * 6, after }));
  expect(medianRatio(pairs)).toEqual({ value: 6, low: 6, high: 6 });
});

test("one odd pair does not move the median", () => {
  const pairs = [...Array.from({ length: 4 }, () => ({ before: 12, after: 2 })), { before: 500, after: 1 }];
  expect(medianRatio(pairs).value).toBe(6);
});

test("nothing cannot be estimated from", () => {
  expect(() => medianRatio([])).toThrow("nothing to estimate");
});
