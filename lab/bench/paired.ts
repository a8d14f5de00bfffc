import { median } from "../load/percentiles";
import { medianRatio } from "../stats/bootstrap";
import { type Row } from "./report";

/** The two sides of a comparison, `base` the one that the other is measured against. */
export type Side = "base" | "mesh";

/** What each block of a side measured; the n-th of one side belongs to the n-th of the other. */
export type Blocks<T> = Record<Side, T[]>;

/**
 * Runs blocks in the order A-B-B-A, so that a machine that grows slower or faster meets both sides alike. `pairs` is
 * how many blocks each side gets.
 */
export async function runPaired<T>(
  pairs: number,
  run: (side: Side, block: number) => Promise<T>,
): Promise<Blocks<T>> {
  const blocks: Blocks<T> = { base: [], mesh: [] };
  for (let pair = 0; pair < pairs; pair += 1) {
    const sides: Side[] = pair % 2 === 0 ? ["base", "mesh"] : ["mesh", "base"];
    for (const side of sides) blocks[side].push(await run(side, pair));
  }
  return blocks;
}

export type Ratio = { ratio: number; low: number; high: number };

/** The median of the pairs' ratios mesh / base, with its 95 % interval by the bootstrap. */
export function pairedRatio({ base, mesh }: Blocks<number>, seed: number): Ratio {
  const pairs = mesh.map((value, pair) => ({ before: value, after: base[pair] ?? Number.NaN }));
  const { value: ratio, low, high } = medianRatio(pairs, seed);
  return { ratio, low, high };
}

/** A row such as `1.21x (1.15 to 1.28), 4.1 ms -> 5.0 ms`. `atMost` is the goal for the ratio. */
export function ratioRow(options: {
  name: string;
  blocks: Blocks<number>;
  seed: number;
  format: (value: number) => string;
  atMost?: number;
}): Row & { loses: boolean } {
  const { name, blocks, seed, format, atMost } = options;
  const { ratio, low, high } = pairedRatio(blocks, seed);
  const sides = `${format(median(blocks.base))} -> ${format(median(blocks.mesh))}`;
  return {
    name,
    value: `${ratio.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)}), ${sides}`,
    ...(atMost !== undefined && { goal: `≤ ${atMost.toFixed(2)}x`, met: ratio <= atMost }),
    loses: low > 1,
  };
}
