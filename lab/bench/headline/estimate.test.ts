import { blockMs, estimateMs, fits, formatDuration, rateFor } from "./estimate";

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
