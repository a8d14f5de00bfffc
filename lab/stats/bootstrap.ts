import { median, quantileSorted, sampleWithReplacement } from "simple-statistics";

import { seededRandom } from "../load/random";

/** A value and the bounds within which it lies with 95 % confidence. */
export type Estimate = { value: number; low: number; high: number };

const resamples = 2_000;
const outside = 0.05;

/**
 * The percentile bootstrap: `statistic` of `samples`, and of 2,000 samples drawn from them with replacement, between
 * whose 2.5th and 97.5th percentiles it lies. The same seed gives the same bounds. Throws without samples.
 */
export function bootstrap<T>(
  samples: readonly T[],
  statistic: (samples: readonly T[]) => number,
  seed = 1,
): Estimate {
  if (samples.length === 0) throw new RangeError("there is nothing to estimate from");
  const random = seededRandom(seed);
  const drawn = Array.from({ length: resamples }, () =>
    statistic(sampleWithReplacement([...samples], samples.length, random)),
  ).sort((a, b) => a - b);
  return {
    value: statistic(samples),
    low: quantileSorted(drawn, outside / 2),
    high: quantileSorted(drawn, 1 - outside / 2),
  };
}

/** Two measurements of the same time under the same load. */
export type Pair = { before: number; after: number };

/** How many times `before` is `after`: the median over pairs. */
export function medianRatio(pairs: readonly Pair[], seed?: number): Estimate {
  const ratios = pairs.map(({ before, after }) => before / after);
  return bootstrap(ratios, (some) => median([...some]), seed);
}
