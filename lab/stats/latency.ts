import { build } from "hdr-histogram-js";

/** Of durations, all in ms. */
export type Latency = {
  count: number;
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
  max: number;
};

/** What the histogram keeps: microseconds up to an hour, to three digits. */
const highestMicros = 3_600_000_000;
const digits = 3;

/**
 * Percentiles of an HDR histogram: off by less than 0.1 %, whatever their spread. What is longer than an hour counts
 * as an hour. Undefined where there is nothing to sum up; throws for a negative duration or none.
 */
export function summariseLatency(durationsMs: readonly number[]): Latency | undefined {
  if (durationsMs.length === 0) return undefined;
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestMicros,
    numberOfSignificantValueDigits: digits,
  });
  let total = 0;
  for (const ms of durationsMs) {
    if (!(ms >= 0)) throw new RangeError(`${String(ms)} ms is no duration`);
    histogram.recordValue(Math.min(Math.round(ms * 1000), highestMicros));
    total += ms;
  }
  const at = (percentile: number): number => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    count: durationsMs.length,
    mean: Math.round((total / durationsMs.length) * 1000) / 1000,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: at(100),
  };
}
