import { seededRandom } from "./random";

export type ArrivalOptions = {
  /** Arrivals per second, on average. */
  rate: number;
  durationMs: number;
  seed: number;
  /** `poisson`: independent clients, as in life. `uniform`: equal gaps. */
  kind?: "poisson" | "uniform";
};

/** When each request is meant to be sent, in ms from the start; the same for the same options. */
export function* arrivals({ rate, durationMs, seed, kind = "poisson" }: ArrivalOptions): Generator<number> {
  const random = seededRandom(seed);
  const gapMs = 1000 / rate;
  // 1 - random() is never 0, whose logarithm would be infinite.
  const next = kind === "uniform" ? () => gapMs : () => -Math.log(1 - random()) * gapMs;
  for (let at = next(); at < durationMs; at += next()) yield at;
}
