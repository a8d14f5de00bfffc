import { type Estimate, medianRatio, type Pair } from "../../stats/bootstrap";
import { riskRatio, type Share, type SharePair, total } from "../../stats/ratio";
import { type ArmName } from "./arms";
import { type BlockScore } from "./block";
import { type PhaseScore } from "./score";

/** One line of the comparison. A ratio says how many times better symphony is; below 1 it is worse. */
export type HeadlineRow = {
  section: "independent" | "correlated" | "both" | "calm";
  name: string;
  article?: string;
  chaos: string;
  symphony: string;
  ratio?: Estimate & { atLeast?: boolean };
  goal?: string;
  /** Absent where it cannot be told. */
  met?: boolean;
  loses?: boolean;
};

type Goal = { ratioAtLeast: number } | { atMost: number } | undefined;
type PhaseName = "calm" | "independent" | "correlated";
type Blocks = Record<ArmName, BlockScore>;
type Section = HeadlineRow["section"];
type Head = Pick<HeadlineRow, "section" | "name" | "article">;

const ms = (value: number): string =>
  value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const percent = ({ hits, of }: Share): string => {
  const share = (100 * hits) / of;
  return `${share.toFixed(share < 1 ? 3 : 2)} % (${String(hits)} of ${String(of)})`;
};
const perSecond = (value: number): string => `${value.toFixed(1)}/s`;

/** The blocks in pairs; a pair that lacks one of its arms is left out. */
export function pairsOf(blocks: readonly BlockScore[]): Blocks[] {
  const byPair = new Map<number, Partial<Blocks>>();
  for (const block of blocks) byPair.set(block.pair, { ...byPair.get(block.pair), [block.arm]: block });
  return [...byPair.values()].filter(
    (pair): pair is Blocks => pair.chaos !== undefined && pair.symphony !== undefined,
  );
}

function withGoal(row: HeadlineRow, goal: Goal, value: number): HeadlineRow {
  // A bound that few cases leave low says only that little is known.
  const loses = row.ratio !== undefined &&
    row.ratio.atLeast !== true &&
    row.ratio.value < 1 && { loses: true };
  if (goal === undefined) return { ...row, ...loses };
  if ("atMost" in goal)
    return {
      ...{ ...row, ...loses, goal: `≤ ${String(goal.atMost)}` },
      ...(!Number.isNaN(value) && { met: value <= goal.atMost }),
    };
  const bound = `≥ ${String(goal.ratioAtLeast)}×`;
  // Neither met nor missed where there is nothing to compare, and where too few cases leave the bound below the goal.
  const isOpen = row.ratio?.atLeast === true && value < goal.ratioAtLeast;
  if (Number.isNaN(value) || isOpen) return { ...row, goal: bound };
  return { ...row, ...loses, goal: bound, met: value >= goal.ratioAtLeast };
}

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** A row of a figure per block: the mean over blocks, and the median ratio of pairs. */
function valueRow(
  head: Head,
  pairs: readonly Blocks[],
  figure: { of(block: BlockScore): number; format(value: number): string; more?: "better" },
  goal?: Goal,
): HeadlineRow {
  const values = pairs.map((pair) => ({ chaos: figure.of(pair.chaos), symphony: figure.of(pair.symphony) }));
  const ratios = values.map(({ chaos, symphony }): Pair =>
    figure.more === "better" ? { before: symphony, after: chaos } : { before: chaos, after: symphony },
  );
  const ratio = medianRatio(ratios);
  const row: HeadlineRow = {
    ...head,
    chaos: figure.format(average(values.map(({ chaos }) => chaos))),
    symphony: figure.format(average(values.map(({ symphony }) => symphony))),
    // Of an arm that confirmed nothing there is nothing to compare.
    ...(Number.isFinite(ratio.value) && { ratio }),
  };
  return withGoal(row, goal, ratio.value);
}

function shareRow(
  head: Head,
  pairs: readonly Blocks[],
  hits: { phase: PhaseName; of(score: PhaseScore): number },
  goal?: Goal,
): HeadlineRow {
  const share = (block: BlockScore): Share => {
    const score = block[hits.phase];
    return { hits: hits.of(score), of: score.sent };
  };
  const shares = pairs.map((pair): SharePair => ({ before: share(pair.chaos), after: share(pair.symphony) }));
  const ratio = riskRatio(shares);
  const row: HeadlineRow = {
    ...head,
    chaos: percent(total(shares.map(({ before }) => before))),
    symphony: percent(total(shares.map(({ after }) => after))),
    // Two shares without a hit cannot be compared.
    ...(total(shares.map(({ before }) => before)).hits > 0 && { ratio }),
  };
  return withGoal(row, goal, row.ratio?.value ?? Number.NaN);
}

const latencyRow = (
  [section, phase]: [Section, PhaseName],
  name: string,
  pairs: readonly Blocks[],
  figure: {
    of: "answer" | "completion";
    at: "mean" | "p50" | "p90" | "p99" | "p999";
    article?: string;
    goal?: Goal;
  },
): HeadlineRow =>
  valueRow(
    { section, name, ...(figure.article !== undefined && { article: figure.article }) },
    pairs,
    { of: (block) => block[phase][figure.of]?.[figure.at] ?? Number.NaN, format: ms },
    figure.goal,
  );

function amplificationRow(pairs: readonly Blocks[]): HeadlineRow {
  const of = (arm: ArmName): number => {
    const calls = pairs.flatMap((pair) => [pair[arm].independent.calls, pair[arm].correlated.calls]);
    const attempts = calls.reduce((sum, call) => sum + call.attempts, 0);
    return attempts / (attempts - calls.reduce((sum, call) => sum + call.retries, 0));
  };
  const head = { section: "both", name: "attempts per call (amplification)" } as const;
  const row: HeadlineRow = { ...head, chaos: of("chaos").toFixed(3), symphony: of("symphony").toFixed(3) };
  return withGoal(row, { atMost: 1.2 }, of("symphony"));
}

/** The chain has no events; what symphony sends again by itself goes through the broker and not through a sidecar. */
function redeliveryRow(pairs: readonly Blocks[]): HeadlineRow {
  const phases = pairs.flatMap(({ symphony }) => [symphony.independent, symphony.correlated]);
  const { hits, of } = total(
    phases.map(({ deliveries }) => ({ hits: deliveries?.again ?? 0, of: deliveries?.all ?? 0 })),
  );
  const perEvent = of / (of - hits);
  const head = { section: "both", name: "deliveries per event and consumer (amplification)" } as const;
  const row: HeadlineRow = { ...head, chaos: "not applicable", symphony: perEvent.toFixed(3) };
  return withGoal(row, { atMost: 1.2 }, perEvent);
}

function recoveryRow(pairs: readonly Blocks[]): HeadlineRow {
  const of = (arm: ArmName): { worst: number; never: number } => {
    const all = pairs.flatMap((pair) => pair[arm].correlated.recovery);
    return {
      worst: Math.max(0, ...all.map(({ recoveredMs }) => recoveredMs ?? 0)),
      never: all.filter(({ recoveredMs }) => recoveredMs === undefined).length,
    };
  };
  const format = ({ worst, never }: ReturnType<typeof of>): string =>
    `${(worst / 1000).toFixed(2)} s${never === 0 ? "" : `, and ${String(never)} not before the next fault`}`;
  const { worst, never } = of("symphony");
  const row: HeadlineRow = {
    section: "correlated",
    name: "slowest recovery after a fault",
    chaos: format(of("chaos")),
    symphony: format(of("symphony")),
    goal: "≤ 5 s",
    met: worst <= 5_000 && never === 0,
  };
  return row;
}

function zeroRow(
  head: { name: string; article: string },
  pairs: readonly Blocks[],
  of: (block: BlockScore) => Share,
): HeadlineRow {
  const found = total(pairs.map(({ symphony }) => of(symphony)));
  const symphony = `${String(found.hits)} of ${String(found.of)}`;
  return withGoal({ section: "both", ...head, chaos: "not applicable", symphony }, { atMost: 0 }, found.hits);
}

const cpuOf = ({ cpu = {} }: PhaseScore): number =>
  Object.entries(cpu).reduce((sum, [name, value]) => (name === "load generator" ? sum : sum + value), 0);

const unconfirmed = ({ sent, confirmed }: PhaseScore): number => sent - confirmed;

/** The whole comparison. Pure: the same blocks give the same rows. Throws without a whole pair. */
export function headlineRows(
  blocks: readonly BlockScore[],
  ceilings: Record<ArmName, number>,
): HeadlineRow[] {
  const pairs = pairsOf(blocks);
  const under = (phase: "independent" | "correlated"): [Section, PhaseName] => [phase, phase];
  return [
    latencyRow(under("independent"), "average response time", pairs, {
      ...{ of: "answer", at: "mean", article: "850 ms → 180 ms (4.7×)", goal: { ratioAtLeast: 6 } },
    }),
    latencyRow(under("independent"), "response time, p99", pairs, {
      ...{ of: "answer", at: "p99", article: "3.2 s → 450 ms (7.1×)", goal: { ratioAtLeast: 10 } },
    }),
    // The percentiles beside it show whether it stands on an edge.
    latencyRow(under("independent"), "response time, p50", pairs, { of: "answer", at: "p50" }),
    latencyRow(under("independent"), "response time, p90", pairs, { of: "answer", at: "p90" }),
    latencyRow(under("independent"), "response time, p99.9", pairs, { of: "answer", at: "p999" }),
    shareRow(
      { section: "independent", name: "orders not confirmed", article: "4.5 % → 0.2 % (22.5×)" },
      pairs,
      { phase: "independent", of: unconfirmed },
      { ratioAtLeast: 45 },
    ),
    shareRow(
      { section: "independent", name: "failed transactions", article: "8.2 % → 0.8 % (10.3×)" },
      pairs,
      { phase: "independent", of: (score) => score.failedTransactions },
      { ratioAtLeast: 20 },
    ),
    shareRow({ section: "independent", name: "money, stock or shipment disagree with the answer" }, pairs, {
      ...{ phase: "independent", of: (score) => score.disagreements },
    }),
    valueRow(
      { section: "independent", name: "confirmed orders/s, as many as it takes", article: "+300 % (4×)" },
      pairs,
      { of: (block) => block.saturatedPerSecond, format: perSecond, more: "better" },
      { ratioAtLeast: 4 },
    ),
    valueRow({ section: "independent", name: "confirmed orders/s at the same rate" }, pairs, {
      ...{ of: (block) => block.independent.completedPerSecond, format: perSecond, more: "better" },
    }),
    latencyRow(under("independent"), "time to confirmation, p50", pairs, { of: "completion", at: "p50" }),
    latencyRow(under("independent"), "time to confirmation, p99", pairs, { of: "completion", at: "p99" }),
    latencyRow(under("correlated"), "average response time", pairs, { of: "answer", at: "mean" }),
    latencyRow(under("correlated"), "response time, p99", pairs, { of: "answer", at: "p99" }),
    shareRow(
      { section: "correlated", name: "orders not confirmed" },
      pairs,
      { phase: "correlated", of: unconfirmed },
      { ratioAtLeast: 20 },
    ),
    shareRow({ section: "correlated", name: "failed transactions" }, pairs, {
      ...{ phase: "correlated", of: (score) => score.failedTransactions },
    }),
    shareRow({ section: "correlated", name: "money, stock or shipment disagree with the answer" }, pairs, {
      ...{ phase: "correlated", of: (score) => score.disagreements },
    }),
    shareRow(
      {
        section: "correlated",
        name: "orders not answered within 2 s",
        article: "timeout errors −95 % (20×)",
      },
      pairs,
      { phase: "correlated", of: (score) => score.late },
    ),
    latencyRow(under("correlated"), "time to confirmation, p99", pairs, { of: "completion", at: "p99" }),
    recoveryRow(pairs),
    amplificationRow(pairs),
    redeliveryRow(pairs),
    zeroRow({ name: "lost events", article: "99.9 % delivered" }, pairs, (block) => ({
      ...{ hits: block.lostEvents, of: block.events },
    })),
    zeroRow({ name: "violated invariants, of all orders", article: "99.5 % consistent" }, pairs, (block) => ({
      ...{ hits: block.violations.length, of: block.orders },
    })),
    latencyRow(["calm", "calm"], "response time, p50", pairs, { of: "answer", at: "p50" }),
    latencyRow(["calm", "calm"], "time to confirmation, p50", pairs, { of: "completion", at: "p50" }),
    latencyRow(["calm", "calm"], "time to confirmation, p99", pairs, { of: "completion", at: "p99" }),
    valueRow({ section: "calm", name: "CPU per confirmed order" }, pairs, {
      ...{ of: (block) => cpuOf(block.calm), format: ms },
    }),
    ceilingRow(ceilings),
  ];
}

function ceilingRow({ chaos, symphony }: Record<ArmName, number>): HeadlineRow {
  const value = symphony / chaos;
  const row: HeadlineRow = {
    section: "calm",
    name: "confirmed orders/s, as many as it takes (one measurement)",
    chaos: perSecond(chaos),
    symphony: perSecond(symphony),
    ratio: { value, low: value, high: value },
  };
  return withGoal(row, undefined, value);
}
