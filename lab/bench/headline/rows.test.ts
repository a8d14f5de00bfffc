import { type BlockScore } from "./block";
import { doubts } from "./doubts";
import { formatGoal, formatRatio } from "./print";
import { headlineRows } from "./rows";
import { type PhaseScore } from "./score";

const latency = (ms: number) => ({
  count: 1_000,
  mean: ms,
  p50: ms,
  p90: ms,
  p99: 4 * ms,
  p999: 5 * ms,
  max: 6 * ms,
});

function phase(change: Partial<PhaseScore> = {}): PhaseScore {
  return {
    sent: 1_000,
    confirmed: 1_000,
    failedTransactions: 0,
    disagreements: 0,
    late: 0,
    codes: {},
    answer: latency(30),
    completion: latency(90),
    completedPerSecond: 20,
    lag: latency(1),
    lagged: false,
    calls: { attempts: 1_010, retries: 10 },
    faults: { calls: 1_000, aborts: 5, delays: 34 },
    cpu: { order: 10, postgres: 5, "load generator": 100 },
    recovery: [],
    ...change,
  };
}

const recovered = (recoveredMs?: number) => ({
  kind: "shipping-hangs" as const,
  atMs: 0,
  endMs: 5_000,
  seen: true,
  detail: "1 of 1 processes are stopped",
  ...(recoveredMs !== undefined && { recoveredMs }),
});

function blocks(change: { symphony?: Partial<BlockScore>; chaos?: Partial<BlockScore> } = {}): BlockScore[] {
  return [0, 1, 2].flatMap((pair): BlockScore[] => {
    const common = {
      pair,
      seed: pair,
      violations: [],
      lostEvents: 0,
      orders: 3_000,
      events: 15_000,
      unsettled: [],
    };
    const bad = phase({ confirmed: 955, failedTransactions: 50, disagreements: 2, answer: latency(300) });
    return [
      {
        ...common,
        arm: "chaos",
        calm: phase({ answer: latency(60), completion: latency(60), cpu: { order: 12 } }),
        independent: bad,
        correlated: { ...bad, recovery: [recovered()] },
        saturatedPerSecond: 25,
        saturatedLoopDelayMs: 4,
        ...change.chaos,
      },
      {
        ...common,
        arm: "symphony",
        calm: phase(),
        independent: phase(),
        correlated: phase({ recovery: [recovered(1_250)], deliveries: { all: 110, again: 10 } }),
        saturatedPerSecond: 50,
        saturatedLoopDelayMs: 6,
        ...change.symphony,
      },
    ];
  });
}

const ceilings = { chaos: 40, symphony: 60 };
const usual = headlineRows(blocks(), ceilings);
const find = (name: string, section: string, rows = usual) => {
  const row = rows.find((one) => one.name === name && one.section === section);
  if (row === undefined) throw new Error(`there is no row ${name}`);
  return row;
};

test.each([
  ["average response time", "independent", { chaos: "300 ms", symphony: "30 ms", goal: "≥ 6×", met: true }],
  ["response time, p99", "independent", { chaos: "1200 ms", symphony: "120 ms", goal: "≥ 10×", met: true }],
  [
    "orders not confirmed",
    "independent",
    { chaos: "4.50 % (135 of 3000)", symphony: "0.000 % (0 of 3000)", goal: "≥ 45×" },
  ],
  ["failed transactions", "independent", { chaos: "5.00 % (150 of 3000)" }],
  ["confirmed orders/s, as many as it takes", "independent", { goal: "≥ 4×", met: false }],
  ["slowest recovery after a fault", "correlated", { symphony: "1.25 s", met: true }],
  ["attempts per call (amplification)", "both", { symphony: "1.010", goal: "≤ 1.2", met: true }],
  [
    "deliveries per event and consumer (amplification)",
    "both",
    { chaos: "not applicable", symphony: "1.100", met: true },
  ],
  ["lost events", "both", { article: "99.9 % delivered", symphony: "0 of 45000", met: true }],
  ["CPU per confirmed order", "calm", { chaos: "12 ms", symphony: "15 ms", loses: true }],
  ["time to confirmation, p50", "calm", { chaos: "60 ms", symphony: "90 ms", loses: true }],
])("%s (%s)", (name, section, expected) => {
  expect(find(name, section)).toMatchObject(expected);
});

test("a ratio without a failure is a lower bound; one below the goal decides nothing", () => {
  const row = find("orders not confirmed", "independent");
  expect(row.ratio).toMatchObject({ atLeast: true, value: expect.closeTo(16.9, 1) });
  expect(row).not.toHaveProperty("met");
  expect(row).not.toHaveProperty("loses");
  expect(formatRatio(row.ratio)).toBe("≥ 16.9×");
  expect(formatGoal(row)).toBe("≥ 45×: not decided by so few cases");
});

test("a lower bound that reaches the goal meets it", () => {
  const many = phase({ sent: 10_000, confirmed: 9_550 });
  const rows = headlineRows(
    blocks({
      chaos: { independent: many },
      symphony: { independent: phase({ sent: 10_000, confirmed: 10_000 }) },
    }),
    ceilings,
  );
  const row = find("orders not confirmed", "independent", rows);
  expect(row).toMatchObject({ met: true, ratio: { atLeast: true } });
});

test("where neither arm has a case there is nothing to compare, and no goal is met or missed", () => {
  const spotless = blocks({ chaos: { independent: phase() } });
  const row = find("failed transactions", "independent", headlineRows(spotless, ceilings));
  expect(row).toMatchObject({ chaos: "0.000 % (0 of 3000)", goal: "≥ 20×" });
  expect(row).not.toHaveProperty("met");
  expect(formatGoal(row)).toBe("≥ 20×: nothing to compare");
});

test("goals that are not reached are missed", () => {
  const worseBlocks = blocks({
    symphony: {
      independent: phase({ confirmed: 990, answer: latency(100) }),
      correlated: phase({ recovery: [recovered(5_250)] }),
      violations: ["stock is conserved: product p: 1 is not 2"],
      lostEvents: 1,
    },
  });
  const worse = headlineRows(worseBlocks, ceilings);
  expect(find("average response time", "independent", worse)).toMatchObject({ met: false });
  expect(find("orders not confirmed", "independent", worse)).toMatchObject({ met: false });
  expect(find("slowest recovery after a fault", "correlated", worse)).toMatchObject({ met: false });
  expect(find("lost events", "both", worse)).toMatchObject({
    ...{ symphony: "3 of 45000", met: false },
  });
  expect(find("violated invariants, of all orders", "both", worse)).toMatchObject({ met: false });
});

test("never having recovered is worse than any time", () => {
  const neverBlocks = blocks({ symphony: { correlated: phase({ recovery: [recovered()] }) } });
  const never = headlineRows(neverBlocks, ceilings);
  expect(find("slowest recovery after a fault", "correlated", never)).toMatchObject({
    symphony: "0.00 s, and 3 not before the next fault",
    met: false,
  });
});

test("a pair without one of its arms does not count", () => {
  const [first, second, lonely] = blocks();
  expect(headlineRows([first!, second!, lonely!], ceilings)).toEqual(
    headlineRows([first!, second!], ceilings),
  );
});

test("a run in which the generator lagged is doubted, by phase and arm", () => {
  expect(doubts(blocks())).toEqual([]);
  const lagging = blocks({ chaos: { correlated: phase({ lagged: true, lag: latency(20) }) } });
  expect(doubts(lagging)[0]).toBe("the load generator lagged by 80 ms (p99): correlated, chaos, pair 1");
  expect(doubts(lagging)).toHaveLength(3);
});

test("a run in which the generator could not place orders in time is doubted", () => {
  const late = blocks({ symphony: { saturatedLoopDelayMs: 51 } });
  expect(doubts(late)[0]).toBe(
    "the load generator's event loop was 51 ms late (p99): saturated, symphony, pair 1",
  );
});

test("symphony that did not come to rest is doubted; the chain, whose orders stay open for good, is not", () => {
  const unsettled = ["order o (saga) is compensating", "payment has 1 events to receive, 0 to acknowledge"];
  expect(doubts(blocks({ chaos: { unsettled } }))).toEqual([]);
  expect(doubts(blocks({ symphony: { unsettled } }))[0]).toBe(
    "not at rest in time: order o (saga) is compensating, and 1 more: symphony, pair 1",
  );
});

test("a fault that was not seen to take effect is doubted, and so are dice that hardly ever fell", () => {
  const unseen = { ...recovered(), seen: false, detail: "0 of 1 processes ended" };
  const dead = blocks({ chaos: { correlated: phase({ recovery: [unseen] }) } });
  expect(doubts(dead)[0]).toBe(
    "shipping-hangs was not seen to take effect: 0 of 1 processes ended: chaos, pair 1",
  );
  const lucky = blocks({
    symphony: { independent: phase({ faults: { calls: 10_000, aborts: 51, delays: 3 } }) },
  });
  expect(doubts(lucky)).toEqual(["only 9 of 30000 calls of symphony were delayed, not 3.40 %"]);
});
