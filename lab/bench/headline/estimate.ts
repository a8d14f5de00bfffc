import { type ArmName } from "./arms";
import { type Lengths } from "./block";

const minRate = 2;

/** Orders per second: half of what the weaker arm can do, to a tenth. */
export function rateFor(ceilings: Record<ArmName, number>): number {
  return Math.max(minRate, Math.round(Math.min(...Object.values(ceilings)) * 5) / 10);
}

/** So far below its mean a Poisson number falls once in 30,000 times. */
const sigmas = 4;

/** How long each of `pairs` phases at `rate` per second must last so that all of them send `requests` or more, in ms. */
export function phaseMsFor({ requests, pairs, rate }: Record<"requests" | "pairs" | "rate", number>): number {
  // The mean m of which m − 4 √m, its standard deviation being √m, is what is asked for.
  const mean = (sigmas / 2 + Math.sqrt((sigmas / 2) ** 2 + requests)) ** 2;
  return Math.ceil((mean / pairs / rate) * 1000);
}

/** What comes to a block's phases: the last orders end, all comes to rest, everything is read and stopped. */
const besideMs = 40_000;

/** About how long one block takes, given how long an arm took to start. */
export function blockMs(lengths: Lengths, startMs: number): number {
  const { warmUpMs, calmMs, independentMs, saturatedMs, correlatedMs } = lengths;
  return startMs + warmUpMs + calmMs + independentMs + saturatedMs + correlatedMs + besideMs;
}

/** About how long so many blocks take. */
export const estimateMs = (blocks: number, lengths: Lengths, startMs: number): number =>
  blocks * blockMs(lengths, startMs);

/** Whether one more pair of blocks fits into `leftMs`. */
export const fits = (leftMs: number, lengths: Lengths, startMs: number): boolean =>
  estimateMs(2, lengths, startMs) <= leftMs;

/** `45 s`, `4.5 min`, `52 min`. */
export function formatDuration(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${(ms / 1000).toFixed(0)} s`;
  return `${minutes.toFixed(minutes < 10 ? 1 : 0)} min`;
}
