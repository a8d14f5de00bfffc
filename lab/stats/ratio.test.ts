import { seededRandom } from "../load/random";
import { riskRatio, type SharePair } from "./ratio";

const pair = (a: number, n: number, b: number, m: number): SharePair => ({
  before: { hits: a, of: n },
  after: { hits: b, of: m },
});

test.each([
  // By hand: 10.5 / 100.5 over 2.5 / 100.5; SE = √(1/10.5 − 1/100.5 + 1/2.5 − 1/100.5) = 0.6895, times 1.96.
  { name: "10 and 2 of 100", sample: pair(10, 100, 2, 100), value: 4.2, low: 1.087, high: 16.22 },
  { name: "all of both", sample: pair(20, 20, 20, 20), value: 1, low: 1, high: 1 },
  { name: "the same of both", sample: pair(50, 1_000, 50, 1_000), value: 1, low: 0.6838, high: 1.4624 },
])("the ratio of $name and its interval are Walter's", ({ sample, value, low, high }) => {
  const found = riskRatio([sample]);
  expect(found.atLeast).toBe(false);
  expect(Math.abs(found.value / value - 1)).toBeLessThan(0.001);
  expect(Math.abs(found.low / low - 1)).toBeLessThan(0.002);
  expect(Math.abs(found.high / high - 1)).toBeLessThan(0.002);
});

test("one hit more never says better", () => {
  const found = Array.from({ length: 30 }, (_, hits) => riskRatio([pair(90, 2_000, hits, 2_000)]));
  for (const [index, { value, low, high }] of found.entries()) {
    const fewer = found[index - 1];
    if (fewer === undefined) continue;
    expect(high).toBeLessThan(fewer.high);
    // Without a hit the lower bound is all that is claimed, and it is wider off than with one.
    if (fewer.atLeast) continue;
    expect(value).toBeLessThan(fewer.value);
    expect(low).toBeLessThan(fewer.low);
  }
});

test("without a hit no more is claimed than the lower bound", () => {
  const found = riskRatio(Array.from({ length: 5 }, () => pair(90, 2_000, 0, 2_000)));
  expect(found).toMatchObject({ atLeast: true, value: found.low });
  // 450.5 to a half is 901 times; SE = √(1/450.5 + 1/0.5 − 2/10,000.5) = 1.4149.
  expect(Math.abs(found.low / 56.3 - 1)).toBeLessThan(0.002);
});

test("pairs that differ more than chance would have it widen the interval", () => {
  const alike = riskRatio([pair(50, 1_000, 10, 1_000), pair(50, 1_000, 10, 1_000)]);
  const apart = riskRatio([pair(98, 1_000, 2, 1_000), pair(2, 1_000, 18, 1_000)]);
  expect(apart.value).toBe(alike.value);
  expect(apart.low).toBeLessThan(alike.low);
  expect(apart.high).toBeGreaterThan(alike.high);
});

test("the interval holds the true ratio as often as it claims, with few cases too", () => {
  const random = seededRandom(11);
  const draw = (of: number, share: number) => ({
    hits: Array.from({ length: of }, random).filter((value) => value < share).length,
    of,
  });
  const trials = 100;
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const { low, high } = riskRatio([{ before: draw(400, 0.05), after: draw(400, 0.01) }]);
    if (low <= 5 && 5 <= high) held += 1;
  }
  expect(held).toBeGreaterThanOrEqual(93);
});

test("nothing cannot be estimated from", () => {
  expect(() => riskRatio([])).toThrow("nothing to estimate");
});
