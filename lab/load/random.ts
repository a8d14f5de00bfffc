/** Numbers in [0, 1), the same for the same seed: mulberry32, whose 32 bits are plenty for a schedule. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of `choices` by their weights, which need not add up to 1. */
export function pick<T>(choices: readonly { value: T; weight: number }[], random: () => number): T {
  const total = choices.reduce((sum, choice) => sum + choice.weight, 0);
  let point = random() * total;
  for (const choice of choices) {
    point -= choice.weight;
    if (point < 0) return choice.value;
  }
  const last = choices.at(-1);
  if (last === undefined) throw new Error("nothing to pick from");
  return last.value;
}
