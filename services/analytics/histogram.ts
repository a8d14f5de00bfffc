/** How often each bucket was hit, by the bucket's index. */
export type Histogram = Record<string, number>;

export type Percentiles = { p50: number; p95: number; p99: number };

/** Buckets per power of two. */
const subBuckets = 64;

/**
 * The largest relative error of a percentile: a bucket is at most 1/64 as wide as its lower bound and stands
 * for its middle. Below 128 every whole number has its own bucket and there is no error.
 */
export const maxRelativeError = 1 / (2 * subBuckets);

/**
 * The bucket of a whole number from 0 on, as in HdrHistogram: exact below 128, and 64 buckets of equal width
 * for each further power of two. Histograms merge by adding, so minutes make hours without loss.
 */
export function bucketOf(value: number): number {
  if (value < 2 * subBuckets) return value;
  const exponent = Math.floor(Math.log2(value)) - Math.log2(subBuckets);
  return exponent * subBuckets + Math.floor(value / 2 ** exponent);
}

/** The middle of a bucket: what its values are reported as. */
export function valueOf(bucket: number): number {
  if (bucket < 2 * subBuckets) return bucket;
  const exponent = Math.floor(bucket / subBuckets) - 1;
  const lower = (bucket - exponent * subBuckets) * 2 ** exponent;
  return lower + (2 ** exponent - 1) / 2;
}

/** Nearest-rank percentiles of what the histogram holds; null where it is empty. */
export function percentiles(histogram: Histogram): Percentiles | null {
  const buckets = Object.entries(histogram)
    .map(([bucket, count]) => ({ bucket: Number(bucket), count }))
    .sort((a, b) => a.bucket - b.bucket);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return null;
  const at = (fraction: number): number => {
    let rest = Math.ceil(total * fraction);
    const hit = buckets.find(({ count }) => (rest -= count) <= 0);
    return Math.round(valueOf(hit?.bucket ?? 0));
  };
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
