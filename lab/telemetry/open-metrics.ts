/** One line of a scrape. */
export type Sample = { name: string; labels: Record<string, string>; value: number };

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*?)\})? (\S+)(?: \S+)?(?: # .*)?$/;
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g;

const unescape = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, one: string) => (one === "n" ? "\n" : one));

/** The samples of a text in the OpenMetrics or Prometheus format; lines that are none are left out. */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const raw of text.split("\n")) {
    const [, name, labels = "", value = ""] = line.exec(raw) ?? [];
    if (name === undefined || raw.startsWith("#")) continue;
    const pairs = [...labels.matchAll(label)].map(([, key = "", of = ""]) => [key, unescape(of)]);
    const parsed =
      value === "+Inf" ? Infinity : value === "NaN" || value === "Nan" ? Number.NaN : Number(value);
    samples.push({ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: parsed });
  }
  return samples;
}

/** Cumulative counts of a histogram by upper bound. */
export type Buckets = Map<number, number>;

/** The value below which the part `q` of all observations lies, within its bucket by straight line; NaN without any. */
export function quantile(buckets: Buckets, q: number): number {
  const bounds = [...buckets].sort(([a], [b]) => a - b);
  const total = bounds.at(-1)?.[1] ?? 0;
  if (total === 0) return Number.NaN;
  let lower = 0;
  let below = 0;
  for (const [upper, count] of bounds) {
    // Beyond the last bound nothing is known but that bound.
    if (count >= q * total)
      return upper === Infinity
        ? lower
        : lower + ((upper - lower) * (q * total - below)) / (count - below || 1);
    lower = upper;
    below = count;
  }
  return lower;
}
