import { maxLagMs } from "../../load/outcome";
import { type BlockScore, runBlock } from "./block";
import { doubts } from "./doubts";
import { headlineRows } from "./rows";
import { blockOrder } from "./schedule";

jest.setTimeout(300_000);

/** Seconds instead of minutes: too short to say anything about the arms, long enough for each part to run. */
const lengths = {
  rate: 6,
  customers: 4,
  inFlight: { chaos: 24, symphony: 24 },
  warmUpMs: 1_000,
  calmMs: 2_000,
  independentMs: 3_000,
  saturatedMs: 4_000,
  correlatedMs: 6_000,
};

test("both arms go through all phases, and the rows follow from what was counted", async () => {
  const said: string[] = [];
  const blocks: BlockScore[] = [];
  for (const block of blockOrder(1, 7))
    blocks.push(
      await runBlock(block, {
        lengths,
        signal: new AbortController().signal,
        say: (line) => said.push(line),
      }),
    );
  const chaos = blocks[0]!;
  const symphony = blocks[1]!;

  expect(blocks.map(({ arm }) => arm)).toEqual(["chaos", "symphony"]);
  expect(said).toHaveLength(2);
  for (const block of blocks) {
    for (const phase of ["calm", "independent", "correlated"] as const)
      expect(block[phase].confirmed).toBeLessThanOrEqual(block[phase].sent);
    expect(block.calm).toMatchObject({ confirmed: block.calm.sent, failedTransactions: 0, disagreements: 0 });
    expect(block.calm.faults).toMatchObject({ aborts: 0, delays: 0 });
    expect(block.saturatedPerSecond).toBeGreaterThan(0);
    expect(block.correlated.recovery).toHaveLength(5);
    expect(block.correlated.recovery.filter(({ seen }) => !seen)).toEqual([]);
    expect(block.correlated.seconds).toHaveLength(6);
  }
  // The same arrivals for both.
  expect(chaos.calm.sent).toBe(symphony.calm.sent);
  expect(chaos.correlated.sent).toBe(symphony.correlated.sent);
  // Of the chain each order is a call to order and seven of order's own; a saga is one call.
  expect(chaos.calm.faults.calls).toBeGreaterThanOrEqual(chaos.calm.sent * 8);
  expect(chaos.calm.calls.retries).toBe(0);
  expect(symphony).toMatchObject({ violations: [], unsettled: [] });
  expect(symphony.lostEvents).toBe(0);
  expect(symphony.orders).toBeGreaterThanOrEqual(symphony.calm.sent);

  const rows = headlineRows(blocks, { chaos: 10, symphony: 20 });
  expect(rows.filter(({ section }) => section === "independent").length).toBeGreaterThan(5);
  const phases = blocks.flatMap(({ calm, independent, correlated }) => [calm, independent, correlated]);
  const late = blocks.filter(({ saturatedLoopDelayMs }) => saturatedLoopDelayMs > maxLagMs);
  expect(doubts(blocks)).toHaveLength(phases.filter(({ lagged }) => lagged).length + late.length);
});
