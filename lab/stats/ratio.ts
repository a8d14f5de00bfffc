import { bootstrap, type Estimate } from "./bootstrap";

/** `hits` of `of` trials. */
export type Share = { hits: number; of: number };
/** Two shares of the same time under the same load. */
export type SharePair = { before: Share; after: Share };

/** Of the standard normal distribution: 95 % lie between it and its negative. */
const z = 1.959964;

/** All trials together. */
export function total(shares: readonly Share[]): Share {
  return shares.reduce((sum, { hits, of }) => ({ hits: sum.hits + hits, of: sum.of + of }), {
    hits: 0,
    of: 0,
  });
}

const pooled = (pairs: readonly SharePair[]): SharePair => ({
  before: total(pairs.map(({ before }) => before)),
  after: total(pairs.map(({ after }) => after)),
});

/** Half a case more on both sides: a share without a hit has a ratio too, and one hit more never says better. */
const adjusted = ({ before, after }: SharePair): number =>
  (before.hits + 0.5) / (before.of + 0.5) / ((after.hits + 0.5) / (after.of + 0.5));

/** Walter's interval on the log scale, which takes every trial as independent. */
function logInterval(pair: SharePair): Estimate {
  const variance = ({ hits, of }: Share): number => 1 / (hits + 0.5) - 1 / (of + 0.5);
  const value = adjusted(pair);
  const factor = Math.exp(z * Math.sqrt(variance(pair.before) + variance(pair.after)));
  return { value, low: value / factor, high: value * factor };
}

/**
 * How many times the share of all `before` is that of all `after` (the risk ratio), with its 95 % interval: the adjusted
 * log interval of Walter (1975, Biometrika 62:371), as Fagerland, Lydersen and Laake (2015) recommend it for small counts.
 * Trials of a pair are alike, which that interval does not know; so where the percentile bootstrap over pairs reaches
 * further on a side, its bound counts. Where `after` has no hit at all the value is the lower bound: `atLeast`.
 */
export function riskRatio(pairs: readonly SharePair[], seed?: number): Estimate & { atLeast: boolean } {
  if (pairs.length === 0) throw new RangeError("there is nothing to estimate from");
  const all = pooled(pairs);
  const log = logInterval(all);
  // One pair drawn again and again has no spread.
  const drawn = pairs.length < 2 ? log : bootstrap(pairs, (some) => adjusted(pooled(some)), seed);
  const low = Math.min(log.low, drawn.low);
  const high = Math.max(log.high, drawn.high);
  const atLeast = all.after.hits === 0;
  return { value: atLeast ? low : log.value, low, high, atLeast };
}
