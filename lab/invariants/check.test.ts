import { checkFacts } from "./check";
import { type Facts } from "./facts";

const readAt = 1_000_000;

/** A system at rest with one confirmed and one failed order. */
function sound(): Facts {
  return {
    orders: [
      {
        id: "a",
        pattern: "saga",
        status: "confirmed",
        productId: "p",
        quantity: 2,
        amount: 500,
        deadlineAt: 0,
      },
      { id: "b", pattern: "saga", status: "failed", productId: "p", quantity: 1, amount: 250, deadlineAt: 0 },
    ],
    payments: [
      { orderId: "a", status: "processed", amount: 500 },
      { orderId: "b", status: "refunded", amount: 250 },
    ],
    charges: [
      { orderId: "a", charged: 500, refunded: 0 },
      { orderId: "b", charged: 250, refunded: 250 },
    ],
    reservations: [
      { orderId: "a", status: "sold", productId: "p", quantity: 2 },
      { orderId: "b", status: "released", productId: "p", quantity: 1 },
    ],
    shipments: [
      { orderId: "a", status: "scheduled" },
      { orderId: "b", status: "failed" },
    ],
    notifications: [
      { orderId: "a", kind: "order-confirmed" },
      { orderId: "b", kind: "order-failed" },
    ],
    products: [{ id: "p", available: 8, reserved: 0, sold: 2, supplied: 10 }],
    outbox: [
      { service: "order", id: "e1", subject: "saga.completed", aggregateId: "a", status: "published" },
      { service: "order", id: "e2", subject: "saga.failed", aggregateId: "b", status: "published" },
    ],
    streamIds: new Set(["e1", "e2"]),
    auditIds: new Set(["e1", "e2"]),
    readAt,
  };
}

const first = <T>(items: T[]): T => items[0]!;
const second = <T>(items: T[]): T => items[1]!;

test("a sound system has no violation", () => {
  expect(checkFacts(sound())).toEqual({
    violations: [],
    leftovers: [],
    counts: { orders: 2, confirmed: 1, failed: 1, events: 2, mails: 2 },
  });
});

const breakages: [string, string, (facts: Facts) => void][] = [
  [
    "a second charge",
    "a confirmed order has",
    (f) => f.charges.push({ orderId: "a", charged: 500, refunded: 0 }),
  ],
  ["a charge that is too small", "a confirmed order has", (f) => (first(f.charges).charged = 499)],
  ["no shipment", "a confirmed order has", (f) => (first(f.shipments).status = "cancelled")],
  [
    "a second shipment",
    "a confirmed order has",
    (f) => f.shipments.push({ orderId: "a", status: "scheduled" }),
  ],
  [
    "a reservation not turned into a sale",
    "a confirmed order has",
    (f) => (first(f.reservations).status = "reserved"),
  ],
  ["a refund that never came", "a failed order has nothing left", (f) => (second(f.charges).refunded = 0)],
  [
    "stock that is not released",
    "a failed order has nothing left",
    (f) => (second(f.reservations).status = "reserved"),
  ],
  [
    "a shipment of a failed order",
    "a failed order has nothing left",
    (f) => (second(f.shipments).status = "scheduled"),
  ],
  [
    "a saga past its deadline",
    "every saga ends by its deadline",
    (f) => (first(f.orders).status = "saga_started"),
  ],
  [
    "a charge without an order",
    "money, stock and shipments",
    (f) => f.charges.push({ orderId: "x", charged: 1, refunded: 0 }),
  ],
  ["stock that vanished", "stock is conserved", (f) => (first(f.products).available = 7)],
  [
    "negative stock",
    "stock is conserved",
    (f) => Object.assign(first(f.products), { available: -1, supplied: 1 }),
  ],
  ["a row that was never sent", "every event is published", (f) => (first(f.outbox).status = "pending")],
  ["an event that the stream lost", "every event is in the stream", (f) => (f.streamIds = new Set(["e1"]))],
  ["an event that audit missed", "every event is audited", (f) => (f.auditIds = new Set(["e1"]))],
  ["an order that ended twice", "an order ends once", (f) => f.outbox.push({ ...first(f.outbox), id: "e2" })],
  [
    "an order that ended otherwise than it says",
    "an order ends once",
    (f) => (first(f.outbox).subject = "saga.failed"),
  ],
  [
    "a mail too many",
    "the customer hears once",
    (f) => f.notifications.push({ orderId: "a", kind: "order-failed" }),
  ],
  ["no mail", "the customer hears once", (f) => f.notifications.pop()],
];

test.each(breakages)("%s is found", (_name, invariant, breakIt) => {
  const facts = sound();
  breakIt(facts);
  const { violations } = checkFacts(facts);
  expect(violations.map((violation) => violation.invariant)).toContainEqual(
    expect.stringContaining(invariant),
  );
});

test("what a failed order of the events pattern keeps is told apart", () => {
  const facts = sound();
  second(facts.orders).pattern = "events";
  second(facts.charges).refunded = 0;
  const { violations, leftovers } = checkFacts(facts);
  expect(violations).toEqual([]);
  expect(leftovers).toMatchObject([{ detail: "still holds a charge of 250" }]);
});

test("an order that still has time is no violation", () => {
  const facts = sound();
  facts.orders.push({ ...first(facts.orders), id: "c", status: "saga_started", deadlineAt: readAt + 1 });
  expect(checkFacts(facts).violations).toEqual([]);
});
