import { type HeadlineRun } from "./headline";
import { type HeadlineRow } from "./rows";

const titles: Record<HeadlineRow["section"], string> = {
  independent: "Independent faults",
  correlated: "Correlated faults",
  both: "Under both",
  calm: "Without faults: what it costs",
};

/** `12.3× (10.1 to 14.9)`; `≥ 57×`, the lower bound, where symphony had no case at all. */
export function formatRatio(ratio: HeadlineRow["ratio"]): string {
  if (ratio === undefined) return "";
  const { value, low, high, atLeast } = ratio;
  const number = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2));
  const range =
    atLeast === true || low === high || !Number.isFinite(low) || !Number.isFinite(high)
      ? ""
      : ` (${number(low)} to ${number(high)})`;
  return `${atLeast === true ? "≥ " : ""}${number(value)}×${range}`;
}

/** `≥ 6×: met`, or empty where there is no goal. */
export function formatGoal({ goal, met, loses, ratio }: HeadlineRow): string {
  const open = ratio?.atLeast === true ? "not decided by so few cases" : "nothing to compare";
  const word = met === undefined ? open : met ? "met" : "missed";
  const verdict = goal === undefined ? "" : `${goal}: ${word}`;
  return [verdict, loses === true ? "symphony loses" : ""].filter((text) => text !== "").join("; ");
}

/** The rows by section, as tables of text cells. */
export function headlineTables(rows: readonly HeadlineRow[]): { title: string; cells: string[][] }[] {
  return Object.entries(titles).map(([section, title]) => ({
    title,
    cells: rows
      .filter((row) => row.section === section)
      .map((row) => [
        row.name,
        row.article ?? "",
        row.chaos,
        row.symphony,
        formatRatio(row.ratio),
        formatGoal(row),
      ]),
  }));
}

export const headings = ["", "the article", "chaos", "symphony", "better by (95 %)", "goal"];

/** What a run is worth, in sentences. */
export function verdictOf({ whole, valid, doubts, pairs, settings, ended, outcome }: HeadlineRun): string[] {
  const asked = `of the ${String(settings.pairs)} pairs that were asked for`;
  const why = ended ?? (outcome === "running" ? "it is not at its end" : undefined);
  return [
    ...(valid ? [] : ["INVALID: these are not the system's figures."]),
    ...doubts,
    ...(why === undefined ? [] : [`It holds ${String(pairs)} ${asked}: ${why}.`]),
    ...(whole || why !== undefined
      ? []
      : ["This is a short look, not the full run of at least 5 pairs and 10,000 requests per arm."]),
  ];
}

/** A run as text for a terminal. */
export function formatHeadline(run: HeadlineRun): string {
  const { machine, settings, ceilings } = run;
  const tables = headlineTables(run.rows);
  const all = [headings, ...tables.flatMap(({ cells }) => cells)];
  const widths = headings.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [
    `headline: ${String(run.pairs)} pairs, ${settings.lengths.rate.toFixed(1)} orders/s, seed ${String(run.seed)}, ` +
      `ceilings ${ceilings.chaos.toFixed(1)} and ${ceilings.symphony.toFixed(1)} orders/s`,
    `${machine.cpu}, ${String(machine.cores)} cores, ${String(machine.memoryGb)} GB, commit ${machine.commit}, ` +
      `fsync p99 ${String(machine.fsyncP99Ms)} ms`,
    ...verdictOf(run),
    "",
    line(headings),
    ...tables.flatMap(({ title, cells }) => (cells.length === 0 ? [] : ["", title, ...cells.map(line)])),
    "",
  ].join("\n");
}
