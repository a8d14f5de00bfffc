import fc from "fast-check";

import { bucketOf, maxRelativeError, percentiles, valueOf } from "./histogram";

const histogramOf = (values: number[]) => {
  const histogram: Record<string, number> = {};
  for (const value of values) histogram[bucketOf(value)] = (histogram[bucketOf(value)] ?? 0) + 1;
  return histogram;
};

test.each([
  [0, 0],
  [127, 127],
  [128, 128],
  [129, 128],
  [130, 129],
  [255, 191],
  [256, 192],
  [30_000, 629],
])("%d falls into bucket %d", (value, bucket) => {
  expect(bucketOf(value)).toBe(bucket);
});

const anyDuration = fc.oneof(fc.nat(10_000), fc.nat(), fc.maxSafeNat());

test("a bucket's value is off by at most the stated error", () => {
  fc.assert(
    fc.property(anyDuration, (value) => {
      expect(Math.abs(valueOf(bucketOf(value)) - value)).toBeLessThanOrEqual(value * maxRelativeError);
    }),
  );
});

test("buckets keep the order of values", () => {
  fc.assert(fc.property(anyDuration, anyDuration, (a, b) => a > b || bucketOf(a) <= bucketOf(b)));
});

test("percentiles are off by at most the stated error", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60_000), { minLength: 1 }), (values) => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = (fraction: number) => sorted[Math.ceil(sorted.length * fraction) - 1]!;
      const found = percentiles(histogramOf(values))!;
      // A percentile is reported in whole milliseconds.
      const off = (value: number) => value * maxRelativeError + 0.5;
      expect(Math.abs(found.p50 - exact(0.5))).toBeLessThanOrEqual(off(exact(0.5)));
      expect(Math.abs(found.p95 - exact(0.95))).toBeLessThanOrEqual(off(exact(0.95)));
      expect(Math.abs(found.p99 - exact(0.99))).toBeLessThanOrEqual(off(exact(0.99)));
    }),
  );
});

test("nothing has no percentiles", () => {
  expect(percentiles({})).toBeNull();
});
