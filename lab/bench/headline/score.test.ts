import { type Outcome } from "../../load/outcome";
import { agrees, deadlineMs, type Known, recoveries, scorePhase } from "./score";

const whole: Known = { paid: 500, payments: 1, stock: 2, sold: 2, shipments: 1, amount: 500, quantity: 2 };
const nothing: Known = { paid: 0, payments: 0, stock: 0, sold: 0, shipments: 0, amount: 500, quantity: 2 };

function outcome(change: Partial<Outcome> = {}): Outcome {
  return { key: "k", at: 0, lagMs: 1, answerMs: 40, status: 201, told: "confirmed", ...change };
}

test.each<[string, Partial<Outcome>, Known | undefined, boolean]>([
  ["confirmed, and all is there", {}, whole, true],
  ["confirmed, and reserved but not yet sold", {}, { ...whole, sold: 0 }, true],
  ["confirmed, and nobody knows the order", {}, undefined, false],
  ["confirmed, and charged twice", {}, { ...whole, paid: 1_000 }, false],
  ["confirmed, and no shipment", {}, { ...whole, shipments: 0 }, false],
  ["failed, and nothing is left", { told: "failed" }, nothing, true],
  ["failed, and the money is kept", { told: "failed" }, { ...nothing, paid: 500, payments: 1 }, false],
  ["refused, and there is no order", { told: "refused" }, undefined, true],
  ["an error, and stock is held", { told: "error" }, { ...nothing, stock: 2 }, false],
  ["an error, and yet the order was confirmed", { told: "error", status: 503 }, whole, false],
  ["an error, and nothing is left", { told: "error", status: 503 }, nothing, true],
  ["no answer at all: nothing was told", { told: "error", status: 0 }, whole, true],
  ["still open: nothing was told yet", { told: "open" }, whole, true],
])("%s", (_name, change, known, expected) => {
  expect(agrees(outcome(change), known)).toBe(expected);
});

const facts = {
  durationMs: 10_000,
  events: [],
  calls: { attempts: 10, retries: 1 },
  faults: { calls: 10, aborts: 1, delays: 0 },
  lagged: false,
};

test("a phase counts what its orders came to", () => {
  const truth = (key: string) => ({ good: whole, kept: whole, gone: nothing })[key];
  const score = scorePhase(
    [
      outcome({ key: "good" }),
      // Accepted, and confirmed after the deadline.
      outcome({ key: "good", status: 202, endMs: deadlineMs + 1 }),
      outcome({ key: "good", status: 202, endMs: 90 }),
      outcome({ key: "kept", status: 503, told: "error", code: "peer.unavailable" }),
      outcome({ key: "gone", status: 503, told: "error", code: "peer.unavailable" }),
      outcome({ key: "gone", status: 0, told: "error", code: "no_answer", answerMs: 12 }),
      outcome({ key: "gone", status: 402, told: "refused", code: "payment.declined" }),
    ],
    truth,
    { ...facts, cpuMs: { order: 30 } },
  );
  expect(score).toMatchObject({
    sent: 7,
    confirmed: 2,
    // Too late, an error although stock is held, and no answer. A true error and a refusal are none.
    failedTransactions: 3,
    disagreements: 1,
    codes: { "peer.unavailable": 2, no_answer: 1, "payment.declined": 1 },
    cpu: { order: 15 },
    completedPerSecond: 0.2,
  });
  // A lost answer counts as long as its customer waited.
  expect(score.answer?.max).toBeCloseTo(deadlineMs, -2);
  expect(score.completion).toMatchObject({ count: 2, max: expect.closeTo(90, 0) });
});

test("an order that has no end is a failed transaction, and no disagreement", () => {
  const score = scorePhase([outcome({ status: 202, told: "open" })], () => whole, facts);
  expect(score).toMatchObject({ sent: 1, confirmed: 0, failedTransactions: 1, disagreements: 0 });
});

test("an error that is not true is a failed transaction only once", () => {
  const score = scorePhase([outcome({ status: 503, told: "error" })], () => whole, facts);
  expect(score).toMatchObject({ sent: 1, failedTransactions: 1, disagreements: 1 });
});

describe("recovery", () => {
  const event = { kind: "shipping-hangs", atMs: 2_000, endMs: 4_000, seen: true, detail: "" } as const;
  const every100Ms = (bad: (at: number) => boolean): Outcome[] =>
    Array.from({ length: 100 }, (_, index) => index * 100).map((at) =>
      outcome({ at, ...(bad(at) && { told: "error", status: 503 }) }),
    );

  test.each([
    { name: "at once", bad: (at: number) => at >= 2_000 && at < 4_000, recoveredMs: 0 },
    { name: "after a tail of 1.5 s", bad: (at: number) => at >= 2_000 && at < 5_500, recoveredMs: 1_500 },
    // One good second between bad ones is none yet.
    {
      name: "after a second that was good by itself",
      bad: (at: number) => at >= 2_000 && at < 7_000 && !(at >= 4_500 && at < 5_500),
      recoveredMs: 3_000,
    },
  ])("$name", ({ bad, recoveredMs }) => {
    expect(recoveries(every100Ms(bad), [event], 10_000)).toEqual([{ ...event, recoveredMs }]);
  });

  test("not before the end is no recovery", () => {
    expect(
      recoveries(
        every100Ms((at) => at >= 2_000),
        [event],
        10_000,
      ),
    ).toEqual([event]);
  });

  test.each([
    // Nothing is sent from 4 s to 6.5 s, and what follows is good, or is not until 8 s.
    { name: "good", badUntil: 0, recoveredMs: 1_750 },
    { name: "bad", badUntil: 8_000, recoveredMs: 4_000 },
  ])("seconds without orders say nothing, and those after them are $name", ({ badUntil, recoveredMs }) => {
    const sparse = every100Ms((at) => at < badUntil).filter(({ at }) => at < 4_000 || at >= 6_500);
    expect(recoveries(sparse, [event], 10_000)).toEqual([{ ...event, recoveredMs }]);
  });

  test("a good second that no other follows is no recovery", () => {
    const once = every100Ms(() => false).filter(({ at }) => at < 5_000);
    expect(recoveries(once, [event], 10_000)).toEqual([event]);
  });

  test("an answer that is slow is not good", () => {
    const slow = every100Ms(() => false).map((one) => ({ ...one, answerMs: one.at < 6_000 ? 2_500 : 40 }));
    expect(recoveries(slow, [event], 10_000)).toEqual([{ ...event, recoveredMs: 2_000 }]);
  });
});
