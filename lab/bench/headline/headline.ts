import { renderHeadlineReport } from "../../report/headline";
import { versionsOf } from "../../run/versions";
import { newRunId } from "../../runs/store";
import { describeMachine } from "../machine";
import { keepRun, type RunHead } from "../run-file";
import { type ArmName, armNames } from "./arms";
import { type BlockScore, type Lengths, measureCapacity, runBlock } from "./block";
import { blockDoubts, doubts } from "./doubts";
import { blockMs, estimateMs, fits, formatDuration, phaseMsFor, rateFor } from "./estimate";
import { type HeadlineRow, headlineRows, pairsOf } from "./rows";
import { type Block, blockOrder, independent } from "./schedule";

export type HeadlineOptions = {
  pairs: number;
  /** Per arm, under the independent faults; so many at least. */
  requests: number;
  /** Short phases: to see that it works. */
  quick: boolean;
  seed: number;
  /** Orders per second, where it is not to be half of the weaker arm's ceiling. */
  rate?: number;
  /** No pair is begun that would end later, in ms from the start. */
  limitMs: number;
  signal: AbortSignal;
  say(line: string): void;
};

export type HeadlineRun = RunHead & {
  kind: "headline";
  settings: { pairs: number; requests: number; quick: boolean; lengths: Lengths };
  faults: typeof independent;
  /** Confirmed orders per second without faults. */
  ceilings: Record<ArmName, number>;
  blocks: BlockScore[];
  /** Blocks that were measured again, and why. */
  repeated: string[];
  rows: HeadlineRow[];
  /** How many pairs it holds; fewer than were asked for where it is not at its end, or was ended early. */
  pairs: number;
  /** Why it holds no more; absent where it came to its end, or goes on. */
  ended?: string;
  /** At least 5 pairs and 10,000 requests per arm, and at its end. */
  whole: boolean;
  /** Whether the load generator kept up and the faults were seen; if not, the figures are not the system's. */
  valid: boolean;
  doubts: string[];
};

const minPairs = 5;
const minRequests = 10_000;

function lengthsOf(
  { pairs, requests, quick }: HeadlineOptions,
  load: Pick<Lengths, "rate" | "inFlight">,
): Lengths {
  const independentMs = phaseMsFor({ requests, pairs, rate: load.rate });
  return quick
    ? { ...load, warmUpMs: 3_000, calmMs: 5_000, independentMs, saturatedMs: 4_000, correlatedMs: 25_000 }
    : { ...load, warmUpMs: 8_000, calmMs: 12_000, independentMs, saturatedMs: 24_000, correlatedMs: 50_000 };
}

/**
 * The article's before and after on this machine: A-B-B-A blocks, each a whole system of its own, under the same
 * seeded load and faults. The run is kept after each block, so that one that is ended early holds what it has.
 */
export async function benchHeadline(options: HeadlineOptions): Promise<HeadlineRun> {
  const { pairs, requests, quick, seed, say, signal } = options;
  const startedAt = new Date();
  const ceilings = { chaos: 0, symphony: 0 };
  const inFlight = { chaos: 0, symphony: 0 };
  let startMs = 0;
  say("first what each arm can do, which takes four minutes or so; then it is known how long the rest takes");
  for (const name of armNames) {
    const measured = await measureCapacity(name, quick ? 3_000 : 8_000, signal);
    ceilings[name] = measured.perSecond;
    inFlight[name] = measured.underFaults.inFlight;
    startMs = Math.max(startMs, measured.startMs);
    say(
      `${name} confirms ${measured.perSecond.toFixed(1)} orders/s without faults, and under the independent ones ` +
        `${measured.underFaults.perSecond.toFixed(1)} with ${String(inFlight[name])} under way`,
    );
  }
  const rate = options.rate ?? rateFor(ceilings);
  const lengths = lengthsOf(options, { rate, inFlight });
  const run: HeadlineRun = {
    kind: "headline",
    id: newRunId("headline", startedAt),
    name: "headline",
    title: "Chaos against symphony",
    outcome: "running",
    figures: {},
    startedAt: startedAt.toISOString(),
    seed,
    machine: describeMachine(),
    versions: versionsOf("laptop"),
    settings: { pairs, requests, quick, lengths },
    faults: independent,
    ceilings,
    blocks: [],
    repeated: [],
    rows: [],
    pairs: 0,
    whole: false,
    valid: true,
    doubts: [],
  };
  const plan = blockOrder(pairs, seed);
  say(
    `${rate.toFixed(1)} orders/s; ${String(plan.length)} blocks of about ${formatDuration(blockMs(lengths, startMs))}, ` +
      `${formatDuration(estimateMs(plan.length, lengths, startMs))} in all; kept as ${run.id} after each`,
  );
  try {
    for (const block of plan) {
      const left = options.limitMs - (Date.now() - startedAt.getTime());
      if (run.blocks.length % 2 === 0 && !fits(left, lengths, startMs)) {
        run.ended = `no further pair fits into ${formatDuration(options.limitMs)}`;
        break;
      }
      run.blocks.push(await measureBlock(block, run, { ...options, lengths }));
      keep(summed(run));
    }
  } catch (error) {
    run.ended = signal.aborted ? "it was interrupted" : messageOf(error);
    if (!signal.aborted) {
      run.outcome = "failed";
      say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  return finish(run, say);
}

function outcomeOf({ outcome, ended, valid }: HeadlineRun): string {
  if (outcome === "failed") return outcome;
  if (ended !== undefined) return "ended early";
  return valid ? "valid" : "invalid";
}

function finish(run: HeadlineRun, say: (line: string) => void): HeadlineRun {
  const found = summed(run);
  const pairs = pairsOf(run.blocks);
  const sent = (arm: ArmName): number => pairs.reduce((sum, pair) => sum + pair[arm].independent.sent, 0);
  const ended: HeadlineRun = {
    ...found,
    whole:
      run.ended === undefined &&
      !run.settings.quick &&
      pairs.length >= minPairs &&
      armNames.every((arm) => sent(arm) >= minRequests),
    outcome: outcomeOf(found),
  };
  if (run.blocks.length > 0) say(`kept in ${keep(ended)}`);
  return ended;
}

/** One block; once more where the load generator lagged or a fault was not seen. */
async function measureBlock(
  block: Block,
  run: HeadlineRun,
  options: HeadlineOptions & { lengths: Lengths },
): Promise<BlockScore> {
  const first = await runBlock(block, options);
  const reasons = blockDoubts(first);
  if (reasons.length === 0) return first;
  run.repeated.push(...reasons);
  options.say(`measured again, because ${reasons.join("; ")}`);
  return runBlock(block, options);
}

const keep = (run: HeadlineRun): string => keepRun(run, renderHeadlineReport(run));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function summed(run: HeadlineRun): HeadlineRun {
  const found = doubts(run.blocks);
  const pairs = pairsOf(run.blocks).length;
  const rows = pairs > 0 ? headlineRows(run.blocks, run.ceilings) : [];
  const figures = Object.fromEntries(
    rows.flatMap(({ section, name, ratio }) =>
      ratio === undefined
        ? []
        : [[`${section}: ${name}`, { value: finite(ratio.value), unit: "times better" }]],
    ),
  ) as HeadlineRun["figures"];
  return { ...run, pairs, rows, figures, doubts: found, valid: found.length === 0 };
}

/** JSON has no other numbers. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
