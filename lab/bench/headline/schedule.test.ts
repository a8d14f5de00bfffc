import { arrivals } from "../../load/arrivals";
import { blockOrder, correlatedKinds, faultSchedule, meetsDelay } from "./schedule";

const seeds = [1, 2, 3, 42, 4_294_967_295];

test.each(seeds)("seed %d gives the same blocks, arrivals and faults each time", (seed) => {
  const plan = () =>
    blockOrder(3, seed).map((block) => ({
      block,
      arrivals: [...arrivals({ rate: 20, durationMs: 5_000, seed: block.seed })],
      faults: faultSchedule(block.seed, 60_000),
    }));
  expect(plan()).toEqual(plan());
});

test("other seeds give other arrivals and other faults", () => {
  const schedules = seeds.map((seed) => JSON.stringify(faultSchedule(seed, 60_000)));
  expect(new Set(schedules).size).toBe(seeds.length);
});

test("both arms of a pair meet the same seed, and pairs meet different ones", () => {
  const blocks = blockOrder(5, 9);
  for (let pair = 0; pair < 5; pair += 1) {
    const both = blocks.filter((block) => block.pair === pair);
    expect(both.map(({ arm }) => arm).sort()).toEqual(["chaos", "symphony"]);
    expect(new Set(both.map(({ seed }) => seed)).size).toBe(1);
  }
  expect(new Set(blocks.map(({ seed }) => seed)).size).toBe(5);
});

test("the arms take turns: A-B-B-A", () => {
  expect(blockOrder(2, 1).map(({ arm }) => arm)).toEqual(["chaos", "symphony", "symphony", "chaos"]);
});

test.each([10_000, 60_000])("in %d ms each kind comes once, and ends before the next", (durationMs) => {
  for (const seed of seeds) {
    const events = faultSchedule(seed, durationMs);
    expect(events.map(({ kind }) => kind).sort()).toEqual([...correlatedKinds].sort());
    for (const [index, { atMs, endMs }] of events.entries()) {
      const next = events[index + 1]?.atMs ?? durationMs;
      expect(atMs).toBeGreaterThanOrEqual(0);
      expect(endMs).toBeGreaterThanOrEqual(atMs);
      expect(endMs).toBeLessThan(next);
    }
  }
});

test.each([
  { calls: 1, seconds: 3, share: 0.2 },
  { calls: 8, seconds: 3, share: 1.59 },
  { calls: 1, seconds: 0.1, share: 3.37 },
  { calls: 8, seconds: 0.1, share: 24 },
])("of orders with $calls calls $share % are delayed by $seconds s or more", ({ calls, seconds, share }) => {
  expect(Math.abs(meetsDelay(calls, seconds) / share - 1)).toBeLessThan(0.01);
});

test("no p99 or p99.9 stands on an edge between two delays, in either arm", () => {
  const edges = [1, 8].flatMap((calls) => [3, 1, 0.3, 0.1].map((seconds) => meetsDelay(calls, seconds)));
  for (const beyond of [1, 0.1])
    for (const edge of edges) expect(Math.abs(edge / beyond - 1)).toBeGreaterThan(0.3);
});
