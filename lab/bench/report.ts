import { type Machine } from "./machine";

/** One line of a report. `goal` is what design asks for; `met` is absent where there is no goal. */
export type Row = { name: string; value: string; goal?: string; met?: boolean };

export type BenchReport = {
  bench: string;
  machine: Machine;
  /** Seeds, rates and durations: what it takes to run it again. */
  settings: Record<string, string | number>;
  rows: Row[];
};

const megabyte = 1024 * 1024;

export const inMb = (bytes: number): string => `${(bytes / megabyte).toFixed(0)} MB`;
export const inMs = (ms: number): string => `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;

/** A row with a goal that is met by `actual` at most, or at least, `limit`. */
export function goalRow(
  name: string,
  actual: number,
  goal: { atMost: number } | { atLeast: number },
  format: (value: number) => string,
): Row {
  const upper = "atMost" in goal;
  const limit = upper ? goal.atMost : goal.atLeast;
  return {
    name,
    value: format(actual),
    goal: `${upper ? "≤" : "≥"} ${format(limit)}`,
    met: upper ? actual <= limit : actual >= limit,
  };
}

/** The report as text: the machine, the settings, then a row a line, with the rows that miss their goal marked. */
export function formatReport({ bench, machine, settings, rows }: BenchReport): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const valueWidth = Math.max(...rows.map(({ value }) => value.length));
  const list = (entries: Record<string, string | number>) =>
    Object.entries(entries)
      .map(([key, value]) => `${key} ${value}`)
      .join(", ");
  return [
    Object.keys(settings).length === 0 ? bench : `${bench}: ${list(settings)}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, kernel ${machine.kernel}, Node ${machine.node}, ` +
      `commit ${machine.commit}, fsync p50 ${machine.fsyncP50Ms} ms, p99 ${machine.fsyncP99Ms} ms`,
    "",
    ...rows.map(({ name, value, goal, met }) => {
      const verdict = goal === undefined ? "" : `  goal ${goal}${met === false ? "  MISSED" : ""}`;
      return `${name.padEnd(width)}  ${value.padStart(valueWidth)}${verdict}`;
    }),
    "",
  ].join("\n");
}
