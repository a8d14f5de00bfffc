import fc from "fast-check";

import {
  answerToCharge,
  type ChargeCommand,
  commandFor,
  type Payment,
  type PaymentStatus,
  type ProviderAnswer,
  refundedCents,
  transitions,
} from "./payment";
import { answerOf, type LedgerStatus, ledgerTransitions } from "./provider";

const command: ChargeCommand = {
  orderId: "019aaf5e-0000-7000-8000-000000000001",
  sagaId: "019aaf5e-0000-7000-8000-000000000002",
  userId: "019aaf5e-0000-7000-8000-000000000003",
  pattern: "saga",
  amountCents: 1999,
  currency: "EUR",
  paymentToken: "tok_ok",
};

function payment(status: PaymentStatus, reason: string | null = null): Payment {
  const { orderId, sagaId, userId, pattern, amountCents, currency } = command;
  const at = "2026-01-01T00:00:00.000Z";
  return {
    ...{ orderId, sagaId, userId, pattern, amountCents, currency },
    ...{ paymentId: sagaId, status, reason, createdAt: at, updatedAt: at },
  };
}

test.each([
  ["none", "approve", "processed"],
  ["none", "refuse", "failed"],
  ["none", "refund", "void"],
  ["processed", "approve", undefined],
  ["processed", "refuse", undefined],
  ["processed", "refund", "refunded"],
  ["failed", "approve", undefined],
  ["failed", "refuse", undefined],
  ["failed", "refund", undefined],
  ["refunded", "approve", undefined],
  ["refunded", "refuse", undefined],
  ["refunded", "refund", undefined],
  ["void", "approve", undefined],
  ["void", "refuse", undefined],
  ["void", "refund", undefined],
] as const)("a payment that is %s: %s makes it %s", (status, step, expected) => {
  expect(transitions[step][status]).toBe(expected);
});

test.each<[string, Payment | undefined, string]>([
  ["nothing was recorded", undefined, "order.cancelled"],
  ["a refund came first", payment("void"), "order.cancelled"],
  ["it was refunded since", payment("refunded"), "order.cancelled"],
  ["it was declined", payment("failed", "payment.declined"), "payment.declined"],
  [
    "the account lacks the funds",
    payment("failed", "payment.insufficient_funds"),
    "payment.insufficient_funds",
  ],
  ["another amount was charged", { ...payment("processed"), amountCents: 1 }, "idempotency.key_reused"],
  ["another currency was charged", { ...payment("processed"), currency: "USD" }, "idempotency.key_reused"],
])("a charge is refused where %s", (_case, existing, code) => {
  expect(() => answerToCharge(existing, command)).toThrow(expect.objectContaining({ code }));
});

test("a repeated charge is answered with the payment", () => {
  expect(answerToCharge(payment("processed"), command)).toEqual(payment("processed"));
});

test.each([
  ["refunded", 1999],
  ["void", 0],
] as const)("a payment that is %s gives back %d cents", (status, cents) => {
  expect(refundedCents(payment(status))).toBe(cents);
});

/** One order as the provider and as the service see it, and the events that were written. */
function createOrder(decision: "approve" | "refuse") {
  let ledger: LedgerStatus | "none" = "none";
  let status: PaymentStatus | "none" = "none";
  const events: string[] = [];
  const record = (step: "approve" | "refuse" | "refund" | undefined) => {
    const changed: PaymentStatus | undefined = step && transitions[step][status];
    if (changed) events.push(changed);
    status = changed ?? status;
  };
  /** Runs the provider's part of a step and returns the part that records it. */
  const begin = (kind: "charge" | "refund"): (() => void) => {
    ledger = ledgerTransitions[kind === "charge" ? decision : "refund"][ledger] ?? ledger;
    if (kind === "refund") return () => record("refund");
    const answer: ProviderAnswer = answerOf({ status: ledger as LedgerStatus, refusal: "payment.declined" });
    return () => record(commandFor(answer));
  };
  return { begin, events, state: () => ({ ledger, status }) };
}

const schedules = fc
  .record({
    decision: fc.constantFrom("approve" as const, "refuse" as const),
    kinds: fc.array(fc.constantFrom("charge" as const, "refund" as const), { minLength: 1, maxLength: 6 }),
  })
  .chain(({ decision, kinds }) => {
    // Each step appears twice: its call to the provider, then its record. A step listed in `crashed` dies between.
    const turns = kinds.flatMap((_kind, step) => [step, step]);
    return fc.record({
      decision: fc.constant(decision),
      kinds: fc.constant(kinds),
      turns: fc.shuffledSubarray(turns, { minLength: turns.length }),
      crashed: fc.uniqueArray(fc.nat({ max: kinds.length - 1 })),
      redelivered: fc.shuffledSubarray(
        kinds.map((_kind, step) => step),
        { minLength: kinds.length },
      ),
    });
  });

test("whatever is repeated, reordered, interleaved or crashed, money and record agree in the end", () => {
  fc.assert(
    fc.property(schedules, ({ decision, kinds, turns, crashed, redelivered }) => {
      const order = createOrder(decision);
      const begun = new Map<number, () => void>();
      for (const step of turns) {
        const record = begun.get(step);
        if (!record) begun.set(step, order.begin(kinds[step]!));
        else if (!crashed.includes(step)) record();
      }
      for (const step of redelivered) order.begin(kinds[step]!)();

      const { ledger, status } = order.state();
      const count = (event: string) => order.events.filter((one) => one === event).length;
      expect(status === "processed").toBe(ledger === "approved");
      expect(status).not.toBe("none");
      if (kinds.includes("refund")) expect(ledger).not.toBe("approved");
      expect(count("processed") + count("failed")).toBeLessThanOrEqual(1);
      expect(count("refunded") + count("void")).toBeLessThanOrEqual(1);
      if (count("refunded")) expect(order.events).toEqual(["processed", "refunded"]);
    }),
    { numRuns: 2000 },
  );
});
