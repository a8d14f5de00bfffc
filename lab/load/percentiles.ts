/** Of a set of durations, all in ms. */
export type Summary = { count: number; mean: number; p50: number; p90: number; p99: number; max: number };

/** The exact percentile (nearest rank) of sorted values; `fraction` from 0 to 1. NaN of an empty set. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number {
  const rank = Math.max(Math.ceil(fraction * sorted.length), 1);
  return sorted[rank - 1] ?? Number.NaN;
}

/** Undefined where there is nothing to sum up. */
export function summarise(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = Float64Array.from(values).sort();
  const round = (value: number): number => Math.round(value * 10) / 10;
  return {
    count: sorted.length,
    mean: round(sorted.reduce((sum, value) => sum + value, 0) / sorted.length),
    p50: round(percentile(sorted, 0.5)),
    p90: round(percentile(sorted, 0.9)),
    p99: round(percentile(sorted, 0.99)),
    max: round(percentile(sorted, 1)),
  };
}
