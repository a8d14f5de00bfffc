import { arrivals } from "../../load/arrivals";
import { blockMs, estimateMs, fits, formatDuration, phaseMsFor, rateFor } from "./estimate";
import { blockOrder } from "./schedule";

const lengths = {
  ...{ rate: 15, warmUpMs: 8_000, calmMs: 12_000, independentMs: 133_000 },
  ...{ saturatedMs: 8_000, correlatedMs: 50_000, inFlight: { chaos: 48, symphony: 192 } },
};

test("ten blocks take as long as their phases, starts and ends", () => {
  expect(blockMs(lengths, 20_000)).toBe(271_000);
  expect(formatDuration(estimateMs(10, lengths, 20_000))).toBe("45 min");
});

test.each([
  [600_000, true],
  [542_000, true],
  [541_000, false],
])("in %d ms another pair fits: %p", (leftMs, expected) => {
  expect(fits(leftMs, lengths, 20_000)).toBe(expected);
});

test.each([
  [45_000, "45 s"],
  [150_000, "2.5 min"],
  [3_000_000, "50 min"],
])("%d ms are %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [{ chaos: 31.2, symphony: 60 }, 15.6],
  [{ chaos: 60, symphony: 31 }, 15.5],
  [{ chaos: 1, symphony: 31 }, 2],
])("for the ceilings %j the rate is %d", (ceilings, rate) => {
  expect(rateFor(ceilings)).toBe(rate);
});

test.each([
  { requests: 300, pairs: 2, rate: 10 },
  { requests: 10_000, pairs: 5, rate: 15.5 },
])("$requests requests or more are sent in $pairs phases, whatever the seed", ({ requests, pairs, rate }) => {
  const durationMs = phaseMsFor({ requests, pairs, rate });
  for (let seed = 0; seed < 20; seed += 1) {
    const blocks = blockOrder(pairs, seed).filter(({ arm }) => arm === "chaos");
    const sent = blocks.reduce(
      (sum, block) => sum + [...arrivals({ rate, durationMs, seed: block.seed })].length,
      0,
    );
    expect(sent).toBeGreaterThanOrEqual(requests);
    expect(sent).toBeLessThan(requests + 10 * Math.sqrt(requests));
  }
});
