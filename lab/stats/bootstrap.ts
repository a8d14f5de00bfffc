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

/** `hits` of `of` trials. */
export type Share = { hits: number; of: number };
export type SharePair = { before: Share; after: Share };

/**
 * Of trials without a hit all that can be said is that the share is below 3 / n, with 95 % confidence ("rule of
 * three", Hanley and Lippman-Hand 1983).
 */
export function shareOrItsBound({ hits, of }: Share): { share: number; isBound: boolean } {
  return hits === 0 ? { share: 3 / of, isBound: true } : { share: hits / of, isBound: false };
}

/**
 * How many times the share of all `before` is that of all `after`. Where `after` has no hit at all, its share's upper
 * bound stands for it, and the value is a lower bound: `atLeast`.
 */
export function shareRatio(pairs: readonly SharePair[], seed?: number): Estimate & { atLeast: boolean } {
  const ratio = (some: readonly SharePair[]): number => {
    const before = total(some.map((pair) => pair.before));
    return before.hits / before.of / shareOrItsBound(total(some.map((pair) => pair.after))).share;
  };
  const atLeast = shareOrItsBound(total(pairs.map((pair) => pair.after))).isBound;
  return { ...bootstrap(pairs, ratio, seed), atLeast };
}

/** All trials together. */
export function total(shares: readonly Share[]): Share {
  return shares.reduce((sum, { hits, of }) => ({ hits: sum.hits + hits, of: sum.of + of }), {
    hits: 0,
    of: 0,
  });
}
