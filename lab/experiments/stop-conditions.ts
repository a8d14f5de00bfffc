import { type Outcome as LoadOutcome } from "../load/outcome";
import { percentile } from "../load/percentiles";
import { isGood, isOnItsWay } from "./measures";
import { type Experiment } from "./schema";

type Condition = Experiment["stop-conditions"][number];

/** Orders that are still on their way are neither good nor bad yet. */
function read(measure: Condition["measure"], recent: readonly LoadOutcome[]): number | undefined {
  if (measure === "open") return recent.filter(isOnItsWay).length;
  if (measure === "accepted-p99") {
    const times = recent.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs]));
    return times.length === 0 ? undefined : percentile(Float64Array.from(times).sort(), 0.99);
  }
  const told = recent.filter((request) => !isOnItsWay(request));
  return told.length === 0 ? undefined : (100 * told.filter(isGood).length) / told.length;
}

const isMet = ({ below, above }: Condition, value: number): boolean =>
  (below !== undefined && value < below) || (above !== undefined && value > above);

/**
 * Looks at the requests of the last moments each time that it is called; says which condition is met, once it has been
 * met at every look for as long as it says.
 */
export function watchConditions(
  conditions: readonly Condition[],
): (records: readonly LoadOutcome[], elapsedMs: number) => string | undefined {
  const since = new Map<Condition, number>();
  return (records, elapsedMs) => {
    for (const condition of conditions) {
      const recent =
        condition.measure === "open"
          ? records
          : records.filter(({ at }) => at > elapsedMs - condition.for && at <= elapsedMs);
      const value = read(condition.measure, recent);
      if (value === undefined || !isMet(condition, value)) {
        since.delete(condition);
        continue;
      }
      const from = since.get(condition) ?? elapsedMs;
      since.set(condition, from);
      if (elapsedMs - from >= condition.for) return describe(condition, value);
    }
    return undefined;
  };
}

function describe({ measure, below, above, for: ms }: Condition, value: number): string {
  const limit = below === undefined ? `above ${String(above)}` : `below ${String(below)}`;
  return `stopped: ${measure} was ${limit} for ${String(ms / 1000)} s, ${value.toFixed(1)} at last`;
}
