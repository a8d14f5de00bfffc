import { markdownTable } from "../../generate/markdown";
import { worstLag } from "../../report/headline";
import { armNames } from "../headline/arms";
import { rateFor } from "../headline/estimate";
import { type HeadlineRun } from "../headline/headline";
import { headings, headlineTables, verdictOf } from "../headline/print";
import { callsWaitedFor, independent, meetsDelay } from "../headline/schedule";
import { type RunHead } from "../run-file";
import { armsText, measuresText } from "./texts";

/** The committed runs of docs/results, by kind, and what people say about them. */
export type Results = { headline: HeadlineRun; matrix?: MatrixRun; notes?: string };

/** What the rendering needs of a matrix run. */
export type MatrixRun = RunHead & {
  headings: string[];
  cells: string[][];
  remarks: string[];
  doubts: string[];
};

const escaped = (text: string): string => text.replaceAll("|", "\\|");

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  markdownTable(
    [...head],
    rows.map((row) => row.map(escaped)),
  );

function machineText({ machine, versions, startedAt, id, seed }: RunHead): string {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `Run \`${id}\` of ${startedAt.slice(0, 10)}, seed ${String(seed)}, commit ${machine.commit}, on ${machine.cpu}, ` +
    `${String(machine.cores)} cores, ${String(machine.memoryGb)} GB, kernel ${machine.kernel}, fsync p50 ` +
    `${String(machine.fsyncP50Ms)} ms and p99 ${String(machine.fsyncP99Ms)} ms, with ${programs.join(", ")}.`
  );
}

/** CPU per order by process, without faults: where the time goes. */
function profile({ blocks }: HeadlineRun): string {
  const byName = new Map<string, Record<string, number[]>>();
  for (const { arm, calm } of blocks)
    for (const [name, ms] of Object.entries(calm.cpu ?? {})) {
      const entry = byName.get(name) ?? {};
      (entry[arm] ??= []).push(ms);
      byName.set(name, entry);
    }
  const mean = (values: number[] = []): number =>
    values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
  const rows = [...byName]
    .map(([name, { chaos, symphony }]) => ({ name, chaos: mean(chaos), symphony: mean(symphony) }))
    .sort((a, b) => b.symphony - a.symphony)
    .map(({ name, chaos, symphony }) => [name, `${chaos.toFixed(2)} ms`, `${symphony.toFixed(2)} ms`]);
  return table(["process", "chaos", "symphony"], rows);
}

function effectiveFaults({ blocks }: HeadlineRun): string {
  const rows = armNames.map((arm) => {
    const counts = blocks.filter((block) => block.arm === arm).map(({ independent }) => independent.faults);
    const sum = (key: "calls" | "aborts" | "delays"): number =>
      counts.reduce((total, count) => total + count[key], 0);
    const share = (hits: number): string => `${((100 * hits) / Math.max(sum("calls"), 1)).toFixed(2)} %`;
    return [arm, String(sum("calls")), share(sum("aborts")), share(sum("delays"))];
  });
  return table(["arm", "calls to the broken services", "aborted", "delayed"], rows);
}

function delaysMet(): string {
  const rows = armNames.map((arm) => [
    arm,
    String(callsWaitedFor[arm]),
    ...independent.delays.map(({ seconds }) => `${meetsDelay(callsWaitedFor[arm], seconds).toFixed(1)} %`),
  ]);
  const heads = independent.delays.map(({ seconds }) => `${String(seconds)} s or more`);
  return table(["arm", "calls that an order waits for", ...heads], rows);
}

/** How the pairs were measured, with the figures of the run. */
function method(headline: HeadlineRun): string {
  const { lengths } = headline.settings;
  const { chaos, symphony } = headline.ceilings;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(0)} s`;
  const half = lengths.rate === rateFor(headline.ceilings) ? "half of" : "beside";
  return (
    `${String(headline.pairs)} pairs of blocks in the order A-B-B-A. Each block is a whole system of its own, started from ` +
    `nothing: ${seconds(lengths.warmUpMs)} to warm up, ${seconds(lengths.calmMs)} without faults, ` +
    `${seconds(lengths.independentMs)} under the independent faults, ${seconds(lengths.saturatedMs)} of as much load as it takes under ` +
    `the same faults, ${seconds(lengths.correlatedMs)} of the correlated suite; then all comes to rest and is checked. ` +
    `Orders arrive at ${lengths.rate.toFixed(1)} per second at random times (Poisson), ${half} what the weaker arm takes ` +
    `without faults (chaos ${chaos.toFixed(1)}, symphony ${symphony.toFixed(1)} orders/s).`
  );
}

/** docs/results.md. Pure: the same runs give the same text. */
export function renderResults({ headline, matrix, notes }: Results): string {
  return [
    "# Results",
    "<!-- Written by npm run results from docs/results/*.json: change those, not this. -->",
    "What the patterns are worth, measured: the article's before and after as two profiles of this system, on one machine, " +
      "under the same load and the same faults. Where symphony loses, it says so.",
    "## Chaos against symphony",
    machineText(headline),
    ...verdictOf(headline).map((sentence) => `**${sentence}**`),
    `The load generator sent at most ${worstLag(headline).toFixed(1)} ms late in 99 of 100 sends, in the worst phase of all.`,
    ...headline.repeated.map((reason) => `Measured again: ${reason}.`),
    ...headlineTables(headline.rows)
      .filter(({ cells }) => cells.length > 0)
      .flatMap(({ title, cells }) => [`### ${title}`, table(headings, cells)]),
    "A ratio says how many times better symphony is; below 1 it is worse. It is the median over pairs of blocks with its 95 % " +
      "bootstrap interval; of shares the ratio of all pairs together, with half a case more on both sides, and the interval of Walter (1975) " +
      "or of the bootstrap over pairs, whichever reaches further. `≥`: symphony had no case at all, so no more than the lower bound is claimed.",
    ...(notes === undefined ? [] : ["### What stands behind it", notes.trim()]),
    "### CPU per confirmed order, without faults",
    profile(headline),
    "## What each arm runs",
    armsText,
    "## How it is measured",
    method(headline),
    measuresText,
    "### What each arm meets",
    "Orders that a customer waits longer for, by the delays that are configured: the more calls an order waits for, the more " +
      "of the tail it meets. Nobody waits for symphony's other steps: their calls go through the broker, which the correlated " +
      "faults break.",
    delaysMet(),
    "### The faults as they were",
    effectiveFaults(headline),
    ...(matrix === undefined ? [] : renderMatrix(matrix)),
  ]
    .join("\n\n")
    .concat("\n");
}

function renderMatrix(matrix: MatrixRun): string[] {
  return [
    "## The decision matrix",
    machineText(matrix),
    ...matrix.doubts.map((doubt) => `**INVALID: ${doubt}**`),
    table(matrix.headings, matrix.cells),
    ...matrix.remarks,
  ];
}
