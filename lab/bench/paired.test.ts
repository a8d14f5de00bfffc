import { pairedRatio, ratioRow, runPaired } from "./paired";

test("blocks run A-B-B-A, and each side gets as many", async () => {
  const order: string[] = [];
  const blocks = await runPaired(4, (side, pair) => {
    order.push(side);
    return Promise.resolve(pair);
  });
  expect(order).toEqual(["base", "mesh", "mesh", "base", "base", "mesh", "mesh", "base"]);
  expect(blocks).toEqual({ base: [0, 1, 2, 3], mesh: [0, 1, 2, 3] });
});

test.each([
  { base: [1, 2, 4], mesh: [2, 4, 8], expected: { ratio: 2, low: 2, high: 2 } },
  // A machine that was slow for one pair slows both sides of it.
  { base: [10, 30, 10], mesh: [12, 36, 12], expected: { ratio: 1.2, low: 1.2, high: 1.2 } },
])("of $base and $mesh the ratio is that of the pairs", ({ base, mesh, expected }) => {
  expect(pairedRatio({ base, mesh }, 1)).toEqual(expected);
});

test("the range is that of the pairs, and the same for the same seed", () => {
  const blocks = { base: [1, 1, 1, 1, 1], mesh: [1, 1.1, 1.2, 1.3, 9] };
  const ratio = pairedRatio(blocks, 7);
  expect(ratio.ratio).toBe(1.2);
  expect(ratio.low).toBeGreaterThanOrEqual(1);
  expect(ratio.low).toBeLessThan(1.2);
  expect(ratio.high).toBeGreaterThan(1.2);
  expect(pairedRatio(blocks, 7)).toEqual(ratio);
});

test.each([
  { mesh: [2, 2, 2], met: false, loses: true },
  { mesh: [1.1, 1.1, 1.1], met: true, loses: true },
  { mesh: [0.9, 1, 1], met: true, loses: false },
])("a row of $mesh against 1: within the goal $met, loses $loses", ({ mesh, met, loses }) => {
  const row = ratioRow({
    name: "p50",
    blocks: { base: [1, 1, 1], mesh },
    seed: 1,
    format: (value) => `${value.toFixed(1)} ms`,
    atMost: 1.3,
  });
  expect(row).toMatchObject({ name: "p50", goal: "≤ 1.30x", met, loses });
});
