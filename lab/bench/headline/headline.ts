import { describeMachine } from "../machine";
import { keepRun, type RunHead, runId } from "../run-file";
import { readVersions } from "../versions";
import { type ArmName, armNames } from "./arms";
import { type BlockScore, type Lengths, measureCeiling, runBlock } from "./block";
import { doubts, type HeadlineRow, headlineRows } from "./rows";
import { blockOrder, independent } from "./schedule";

export type HeadlineOptions = {
  pairs: number;
  /** Per arm, under the independent faults. */
  requests: number;
  /** Short phases: to see that it works. */
  quick: boolean;
  seed: number;
  /** Orders per second, where it is not to be half of the weaker arm's ceiling. */
  rate?: number;
  say(line: string): void;
};

export type HeadlineRun = RunHead & {
  kind: "headline";
  settings: { pairs: number; requests: number; quick: boolean; lengths: Lengths };
  faults: typeof independent;
  /** Confirmed orders per second without faults. */
  ceilings: Record<ArmName, number>;
  blocks: BlockScore[];
  rows: HeadlineRow[];
  /** Fewer than 5 pairs or 10,000 requests per arm, or not yet at its end. */
  whole: boolean;
  /** Whether the load generator kept up; if not, the figures are not the system's. */
  valid: boolean;
  doubts: string[];
};

const minPairs = 5;
const minRequests = 10_000;
const minRate = 2;

function lengthsOf({ pairs, requests, quick }: HeadlineOptions, rate: number): Lengths {
  const independentMs = Math.ceil((requests / pairs / rate) * 1000);
  return quick
    ? { rate, warmUpMs: 3_000, calmMs: 5_000, independentMs, saturatedMs: 4_000, correlatedMs: 25_000 }
    : { rate, warmUpMs: 8_000, calmMs: 12_000, independentMs, saturatedMs: 8_000, correlatedMs: 50_000 };
}

/** Half of what the weaker arm can do, to a tenth. */
export function rateFor(ceilings: Record<ArmName, number>): number {
  const weaker = Math.min(...armNames.map((name) => ceilings[name]));
  return Math.max(minRate, Math.round(weaker * 5) / 10);
}

/**
 * The article's before and after on this machine: A-B-B-A blocks, each a whole system of its own, under the same
 * seeded load and faults. The run is kept after each block.
 */
export async function benchHeadline(options: HeadlineOptions): Promise<HeadlineRun> {
  const { pairs, requests, quick, seed, say } = options;
  const startedAt = new Date();
  const [machine, versions] = [describeMachine(), await readVersions()];
  const ceilings = { chaos: 0, symphony: 0 };
  for (const name of armNames) {
    say(`the ceiling of ${name}`);
    ceilings[name] = await measureCeiling(name, quick ? 4_000 : 10_000);
    say(`${name} confirms ${ceilings[name].toFixed(1)} orders/s without faults`);
  }
  const rate = options.rate ?? rateFor(ceilings);
  const lengths = lengthsOf(options, rate);
  say(
    `${rate.toFixed(1)} orders/s, ${String(pairs)} pairs; independent faults ${(lengths.independentMs / 1000).toFixed(0)} s a block`,
  );
  const run: HeadlineRun = {
    kind: "headline",
    id: runId("headline", startedAt),
    name: "headline",
    title: "Chaos against symphony",
    outcome: "running",
    figures: {},
    startedAt: startedAt.toISOString(),
    seed,
    machine,
    versions,
    settings: { pairs, requests, quick, lengths },
    faults: independent,
    ceilings,
    blocks: [],
    rows: [],
    whole: false,
    valid: true,
    doubts: [],
  };
  for (const block of blockOrder(pairs, seed)) {
    run.blocks.push(await runBlock(block, lengths, say));
    await keepRun(summed(run));
  }
  const ended = { ...summed(run), whole: !quick && pairs >= minPairs && requests >= minRequests };
  ended.outcome = ended.valid ? "valid" : "invalid";
  say(`kept as ${await keepRun(ended)}`);
  return ended;
}

function summed(run: HeadlineRun): HeadlineRun {
  const found = doubts(run.blocks);
  const isPaired = run.blocks.length >= 2;
  const rows = isPaired ? headlineRows(run.blocks, run.ceilings) : [];
  const figures = Object.fromEntries(
    rows.flatMap(({ section, name, ratio }) =>
      ratio === undefined
        ? []
        : [[`${section}: ${name}`, { value: finite(ratio.value), unit: "times better" }]],
    ),
  ) as HeadlineRun["figures"];
  return { ...run, rows, figures, doubts: found, valid: found.length === 0 };
}

/** JSON has no other numbers. */
const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
