import { maxLagMs } from "../../load/outcome";
import { type ArmName, armNames } from "./arms";
import { type BlockScore } from "./block";
import { independent } from "./schedule";

/** Below this many calls dice may well fall half as often as they should. */
const tellingCalls = 2_000;

/** Why one block does not say what it was to say; empty where it does. */
export function blockDoubts({
  arm,
  pair,
  calm,
  independent: broken,
  correlated,
  saturatedLoopDelayMs,
  unsettled,
}: BlockScore): string[] {
  const where = `${arm}, pair ${String(pair + 1)}`;
  const lags = Object.entries({ calm, independent: broken, correlated })
    .filter(([, { lagged }]) => lagged)
    .map(
      ([phase, { lag }]) =>
        `the load generator lagged by ${(lag?.p99 ?? Number.NaN).toFixed(0)} ms (p99): ${phase}, ${where}`,
    );
  // Slots that are free for so long, half of what lies between two looks at the open orders, are load that was not sent.
  const late =
    saturatedLoopDelayMs > maxLagMs
      ? [
          `the load generator's event loop was ${saturatedLoopDelayMs.toFixed(0)} ms late (p99): saturated, ${where}`,
        ]
      : [];
  const unseen = correlated.recovery
    .filter(({ seen }) => !seen)
    .map(({ kind, detail }) => `${kind} was not seen to take effect: ${detail}: ${where}`);
  // The chain never comes to rest: nobody looks after an order whose process died.
  const [first] = arm === "symphony" ? unsettled : [];
  const restless =
    first === undefined
      ? []
      : [`not at rest in time: ${first}, and ${String(unsettled.length - 1)} more: ${where}`];
  return [...lags, ...late, ...unseen, ...restless];
}

/** Whether the sidecars hit fewer calls than half of what was configured; in words. */
function missedFaults(blocks: readonly BlockScore[], arm: ArmName): string[] {
  const counts = blocks.filter((block) => block.arm === arm).map((block) => block.independent.faults);
  const sum = (key: "calls" | "aborts" | "delays"): number =>
    counts.reduce((total, count) => total + count[key], 0);
  const calls = sum("calls");
  const delayed = independent.delays.reduce((share, { percent }) => share + percent, 0);
  const kinds = [
    { name: "aborted", hits: sum("aborts"), percent: independent.abortPercent },
    { name: "delayed", hits: sum("delays"), percent: delayed },
  ];
  return kinds
    .filter(({ hits, percent }) => calls >= tellingCalls && hits < (calls * percent) / 200)
    .map(
      ({ name, hits, percent }) =>
        `only ${String(hits)} of ${String(calls)} calls of ${arm} were ${name}, not ${percent.toFixed(2)} %`,
    );
}

/** Why a run's figures are not to be believed; empty where they are. */
export function doubts(blocks: readonly BlockScore[]): string[] {
  return [...blocks.flatMap(blockDoubts), ...armNames.flatMap((arm) => missedFaults(blocks, arm))];
}
