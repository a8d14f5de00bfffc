import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";

import { type AppError, errorTable } from "../../lib/errors";
import { events, patterns } from "../../lib/events";
import {
  applyEvent,
  cancel,
  type Change,
  concerns,
  type Emission,
  isProgress,
  openingEvents,
  type Order,
  type OrderStatus,
  type ParticipantEvent,
  participantEvents,
  settle,
} from "./order";

const createdAt = new Date("2026-01-01T00:00:00Z");
const now = new Date("2026-01-01T00:00:01.500Z");

function order(overrides: Partial<Order> = {}): Order {
  return {
    id: uuidv7(),
    sagaId: uuidv7(),
    userId: uuidv7(),
    email: "ada@example.com",
    pattern: "saga",
    status: "saga_started",
    productId: "keyboard",
    quantity: 2,
    amountCents: 9_980,
    currency: "EUR",
    released: false,
    correlationId: "test",
    createdAt,
    updatedAt: createdAt,
    deadlineAt: new Date(createdAt.getTime() + 30_000),
    ...overrides,
  };
}

const reasons: Partial<Record<ParticipantEvent, string>> = {
  "inventory.reservation-failed": "inventory.insufficient_stock: 1 left",
  "payment.failed": "payment.declined",
  "shipping.failed": "shipping.destination_refused: AQ",
  "payment.refunded": "shipping.destination_refused: AQ",
  "inventory.released": "payment.declined",
};

function apply(current: Order, name: ParticipantEvent): Change {
  const reason = reasons[name];
  return applyEvent(current, { name, at: now, ...(reason && { reason }) }, now);
}

function names(change: Change): string[] {
  return change.emit.map(({ name }) => name);
}

describe("applyEvent", () => {
  test.each<[Order["pattern"], OrderStatus, ParticipantEvent, OrderStatus, string[]]>([
    ["saga", "saga_started", "inventory.reserved", "saga_started", []],
    ["saga", "saga_started", "payment.processed", "saga_started", []],
    ["saga", "saga_started", "shipping.scheduled", "confirmed", ["saga.completed"]],
    ["saga", "saga_started", "inventory.reservation-failed", "failed", ["saga.failed"]],
    ["saga", "saga_started", "payment.failed", "compensating", []],
    ["saga", "saga_started", "shipping.failed", "compensating", []],
    ["saga", "saga_started", "payment.refunded", "compensating", []],
    ["saga", "saga_started", "inventory.released", "failed", ["saga.failed"]],
    ["saga", "compensating", "shipping.scheduled", "compensating", []],
    ["saga", "compensating", "payment.refunded", "compensating", []],
    ["saga", "compensating", "inventory.released", "failed", ["saga.failed"]],
    ["saga", "compensating", "inventory.reservation-failed", "failed", ["saga.failed"]],
    ["saga", "confirmed", "inventory.released", "confirmed", []],
    ["saga", "failed", "shipping.scheduled", "failed", []],
    ["saga", "failed", "payment.failed", "failed", []],
    ["events", "pending", "inventory.reserved", "pending", []],
    ["events", "pending", "shipping.scheduled", "confirmed", ["saga.completed"]],
    ["events", "pending", "payment.failed", "failed", ["saga.failed"]],
    ["events", "pending", "shipping.failed", "failed", ["saga.failed"]],
    ["rest", "pending", "shipping.scheduled", "pending", []],
    ["rest", "pending", "payment.failed", "pending", []],
    ["rest", "pending", "inventory.released", "pending", []],
    ["rest", "compensating", "shipping.scheduled", "compensating", []],
    ["rest", "compensating", "payment.refunded", "compensating", []],
    ["grpc", "compensating", "inventory.released", "failed", ["saga.failed"]],
  ])("%s, %s: %s makes it %s and emits %j", (pattern, status, name, ...[expected, emitted]) => {
    const change = apply(order({ pattern, status }), name);
    expect(change.order.status).toBe(expected);
    expect(names(change)).toEqual(emitted);
    expect(change.steps.map(({ event }) => event)).toEqual([name, ...emitted]);
  });

  test.each(participantEvents.filter(isProgress))("%s changes no order", (name) => {
    for (const pattern of patterns) {
      for (const status of ["pending", "saga_started", "compensating", "confirmed", "failed"] as const) {
        const before = order({ pattern, status });
        expect(apply(before, name).order).toEqual(before);
      }
    }
  });

  test("only a synchronous order is spared the forward events", () => {
    const ignored = (pattern: Order["pattern"]) =>
      participantEvents.filter((name) => !concerns(name, pattern));
    expect(ignored("rest")).toEqual(["inventory.reserved", "payment.processed", "shipping.scheduled"]);
    expect(ignored("grpc")).toEqual(ignored("rest"));
    expect(ignored("saga")).toEqual([]);
    expect(ignored("events")).toEqual([]);
  });

  test.each<[ParticipantEvent[], string, string]>([
    [["payment.failed", "inventory.released"], "payment.declined", "payment.declined"],
    [["inventory.released", "payment.failed"], "payment.declined", "payment.declined"],
    [
      ["inventory.reservation-failed"],
      "inventory.insufficient_stock",
      reasons["inventory.reservation-failed"]!,
    ],
    [
      ["shipping.failed", "payment.refunded"],
      "shipping.destination_refused",
      "shipping.destination_refused: AQ",
    ],
  ])("%j explain the failure", (sequence, code, reason) => {
    const end = sequence.reduce((current, name) => apply(current, name).order, order());
    expect(end).toMatchObject({ failureCode: code, failureReason: reason });
  });

  test("a reason without a code takes the code from the event", () => {
    const change = applyEvent(order(), { name: "payment.failed", at: now, reason: "no luck" }, now);
    expect(change.order).toMatchObject({ failureCode: "payment.declined", failureReason: "no luck" });
  });
});

describe("legal runs, in any order and with duplicates", () => {
  type Run = { start: () => Change; events: ParticipantEvent[]; end: OrderStatus };
  const start = (overrides: Partial<Order> = {}) => ({ order: order(overrides), steps: [], emit: [] });
  const pending = { pattern: "events", status: "pending" } as const;
  const chain = ["shipping.failed", "payment.refunded", "inventory.released"] as const;
  const cancelled = () => cancel(order(), "order.cancelled: late", now);
  const lostUndo = () =>
    settle(
      order({ pattern: "rest", status: "pending" }),
      { steps: [], failure: { code: "peer.timeout", reason: "peer.timeout: …", undone: false } },
      now,
    );
  const runs: Record<string, Run> = {
    "saga, happy": {
      start,
      events: ["inventory.reserved", "payment.processed", "shipping.scheduled"],
      end: "confirmed",
    },
    "saga, stock short": { start, events: ["inventory.reservation-failed"], end: "failed" },
    "saga, declined": {
      start,
      events: ["inventory.reserved", "payment.failed", "inventory.released"],
      end: "failed",
    },
    "saga, refused": {
      start,
      events: ["inventory.reserved", "payment.processed", ...chain],
      end: "failed",
    },
    "saga, cancelled before anything was done": { start: cancelled, events: [...chain], end: "failed" },
    "saga, cancelled after all was done": {
      start: cancelled,
      events: ["inventory.reserved", "payment.processed", "shipping.scheduled", ...chain],
      end: "failed",
    },
    "saga, cancelled while stock was short": {
      start: cancelled,
      events: ["inventory.reservation-failed", ...chain],
      end: "failed",
    },
    "events, happy": {
      start: () => start(pending),
      events: ["inventory.reserved", "payment.processed", "shipping.scheduled"],
      end: "confirmed",
    },
    "events, declined": {
      start: () => start(pending),
      events: ["inventory.reserved", "payment.failed"],
      end: "failed",
    },
    "rest, an undo was lost": { start: lostUndo, events: [...chain], end: "failed" },
  };

  test.each(Object.entries(runs))("%s", (_name, run) => {
    const deliveries = fc
      .array(fc.constantFrom(...run.events), { maxLength: 5 })
      .chain((again) =>
        fc.shuffledSubarray([...run.events, ...again], { minLength: run.events.length + again.length }),
      );
    fc.assert(
      fc.property(deliveries, (sequence) => {
        let current = run.start();
        const emitted: Emission[] = [...current.emit];
        for (const name of sequence) {
          current = apply(current.order, name);
          emitted.push(...current.emit);
        }
        expect(current.order.status).toBe(run.end);
        const terminal = emitted.filter(({ name }) => name.startsWith("saga."));
        expect(terminal.map(({ name }) => name)).toEqual([
          run.end === "confirmed" ? "saga.completed" : "saga.failed",
        ]);
        expect(current.order.completedAt).toEqual(now);
      }),
    );
  });
});

describe("cancel", () => {
  test.each<[Partial<Order>, OrderStatus, string[]]>([
    [{}, "compensating", ["order.cancelled"]],
    [{ pattern: "rest", status: "pending" }, "compensating", ["order.cancelled"]],
    [{ pattern: "rest", status: "pending", released: true }, "failed", ["saga.failed"]],
    [{ pattern: "events", status: "pending" }, "failed", ["saga.failed"]],
    [{ status: "compensating" }, "compensating", []],
    [{ status: "confirmed" }, "confirmed", []],
    [{ status: "failed" }, "failed", []],
  ])("%j becomes %s and emits %j", (overrides, expected, emitted) => {
    const change = cancel(order(overrides), "order.cancelled: late", now);
    expect(change.order.status).toBe(expected);
    expect(names(change)).toEqual(emitted);
    expect(change.steps.map(({ event }) => event)).toEqual(emitted);
  });

  test.each(["inventory.reservation-failed", "inventory.released"] as const)(
    "a grpc order whose process died after %s fails at once, for nobody will answer again",
    (event) => {
      const heard = apply(order({ pattern: "grpc", status: "pending" }), event).order;
      expect(heard.status).toBe("pending");
      const change = cancel(heard, "order.cancelled: late", now);
      expect(change.order.status).toBe("failed");
      expect(names(change)).toEqual(["saga.failed"]);
    },
  );
});

describe("settle", () => {
  const failure = { code: "payment.declined" satisfies AppError["code"], reason: "payment.declined: no" };
  test.each<[Partial<Order>, { undone: boolean } | undefined, OrderStatus, string[]]>([
    [{}, undefined, "confirmed", ["saga.completed"]],
    [{}, { undone: true }, "failed", ["saga.failed"]],
    [{}, { undone: false }, "compensating", ["order.cancelled"]],
    [{ released: true }, { undone: false }, "failed", ["saga.failed"]],
    [{ status: "compensating" }, undefined, "compensating", []],
    [{ status: "failed" }, undefined, "failed", []],
  ])("%j with failure %j becomes %s and emits %j", (overrides, failed, expected, emitted) => {
    const before = order({ pattern: "rest", status: "pending", ...overrides });
    const outcome = { steps: [], ...(failed && { failure: { ...failure, ...failed } }) };
    const change = settle(before, outcome, now);
    expect(change.order.status).toBe(expected);
    expect(names(change)).toEqual(emitted);
  });
});

describe("events of the order service", () => {
  const details = {
    paymentToken: "tok_ok",
    address: { line1: "1 A St", city: "B", postalCode: "1", country: "DE" },
  };

  test.each([
    ["saga", ["order.created", "order.saga-started"]],
    ["events", ["order.created"]],
    ["rest", ["order.created"]],
    ["grpc", ["order.created"]],
  ] as const)("%s opens with %j", (pattern, expected) => {
    expect(openingEvents(order({ pattern }), details).map(({ name }) => name)).toEqual(expected);
  });

  test("all fit their schemas", () => {
    const emitted = [
      ...openingEvents(order(), details),
      ...cancel(order(), "order.cancelled: late", now).emit,
      ...apply(order(), "shipping.scheduled").emit,
      ...apply(order(), "inventory.released").emit,
    ];
    for (const { name, data } of emitted) expect(events[name].schema.parse(data)).toEqual(data);
  });

  test("the terminal event tells how long the saga took", () => {
    expect(apply(order(), "shipping.scheduled").emit[0]?.data).toMatchObject({ duration_ms: 1_500 });
  });

  test("failure codes are codes of the table", () => {
    for (const name of participantEvents) {
      const { failureCode } = applyEvent(order(), { name, at: now, reason: "?" }, now).order;
      if (failureCode) expect(Object.keys(errorTable)).toContain(failureCode);
    }
  });
});
