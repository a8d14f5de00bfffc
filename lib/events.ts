import { z } from "zod";

export const serviceNames = [
  "gateway",
  "user",
  "order",
  "inventory",
  "payment",
  "shipping",
  "notification",
  "audit",
  "analytics",
] as const;
export type ServiceName = (typeof serviceNames)[number];

/** The four ways an order can run; see docs/patterns.md. */
export const patterns = ["rest", "grpc", "events", "saga"] as const;
export type Pattern = (typeof patterns)[number];

/** Where a shipment goes. */
export const addressSchema = z
  .strictObject({
    line1: z.string().trim().min(1).max(200),
    city: z.string().trim().min(1).max(100),
    postalCode: z.string().trim().min(1).max(20),
    country: z.string().regex(/^[A-Z]{2}$/, "two capital letters, ISO 3166-1"),
  })
  .meta({ id: "Address" });
export type Address = z.infer<typeof addressSchema>;

const id = z.uuid();
const time = z.iso.datetime();
const money = {
  amount: z.int().nonnegative().describe("minor units, for EUR cents"),
  currency: z.string().length(3),
};

/** What every event of an order says: which order, which saga, and which pattern it runs. */
const order = { saga_id: id, order_id: id, user_id: id, pattern: z.enum(patterns) };
const line = { product_id: z.string().min(1).max(64), quantity: z.int().positive() };
const reason = z.string().max(500);

/**
 * What the steps still ahead need. It travels with each forward event, so that no participant has to ask
 * another one back.
 */
const forward = { ...line, ...money, payment_token: z.string().max(100), address: addressSchema };

/** The same after a step. Token and address are absent where the order service calls each step itself. */
const carried = {
  ...forward,
  payment_token: forward.payment_token.optional(),
  address: addressSchema.optional(),
};
const carriedByPayment = {
  ...carried,
  product_id: line.product_id.optional(),
  quantity: line.quantity.optional(),
};

type EventDefinition<S extends z.ZodObject = z.ZodObject> = {
  /** Version of the schema; part of the CloudEvents type. */
  version: number;
  producer: ServiceName;
  /** Who reacts. Audit consumes every event and is not repeated here. */
  consumers: readonly ServiceName[];
  description: string;
  schema: S;
};

/**
 * Every event, by its subject. docs/events.md and docs/asyncapi.yaml are generated from this list. Fields
 * are snake_case, as in the article. Unknown fields are stripped, so that a newer producer does not break
 * an older consumer.
 */
export const events = {
  "order.created": {
    version: 1,
    producer: "order",
    consumers: ["inventory", "analytics"],
    description: "An order was accepted. Inventory reacts only where the pattern is `events`.",
    schema: z.object({ ...order, ...forward, email: z.email(), timestamp: time }),
  },
  "order.saga-started": {
    version: 1,
    producer: "order",
    consumers: ["inventory"],
    description: "The choreography of an order begins.",
    schema: z.object({ ...order, ...forward, started_at: time }),
  },
  "order.cancelled": {
    version: 1,
    producer: "order",
    consumers: ["shipping"],
    description: "A saga passed its deadline. Compensation begins at shipping and runs backwards.",
    schema: z.object({ ...order, reason, cancelled_at: time }),
  },
  "inventory.reserved": {
    version: 1,
    producer: "inventory",
    consumers: ["payment", "order"],
    description: "Stock is set aside for an order.",
    schema: z.object({ ...order, ...carried, reserved_at: time }),
  },
  "inventory.reservation-failed": {
    version: 1,
    producer: "inventory",
    consumers: ["order"],
    description: "Stock could not be set aside; nothing is left to undo.",
    schema: z.object({ ...order, ...line, reason, failed_at: time }),
  },
  "inventory.released": {
    version: 1,
    producer: "inventory",
    consumers: ["order"],
    description: "The last compensation is done. `quantity` is 0 where nothing had been reserved.",
    schema: z.object({ ...order, quantity: z.int().nonnegative(), reason, released_at: time }),
  },
  "payment.processed": {
    version: 1,
    producer: "payment",
    consumers: ["shipping", "order"],
    description: "The order's amount was charged.",
    schema: z.object({ ...order, ...carriedByPayment, payment_id: id, processed_at: time }),
  },
  "payment.failed": {
    version: 1,
    producer: "payment",
    consumers: ["inventory", "order"],
    description: "The charge was refused for good. Inventory releases.",
    schema: z.object({ ...order, ...money, reason, failed_at: time }),
  },
  "payment.refunded": {
    version: 1,
    producer: "payment",
    consumers: ["inventory", "order"],
    description: "The charge was given back. `amount` is 0 where nothing had been charged.",
    schema: z.object({ ...order, ...money, reason, refunded_at: time }),
  },
  "shipping.scheduled": {
    version: 1,
    producer: "shipping",
    consumers: ["order"],
    description: "The carrier took the shipment: the last step of the saga.",
    schema: z.object({ ...order, shipment_id: id, tracking_number: z.string(), scheduled_at: time }),
  },
  "shipping.failed": {
    version: 1,
    producer: "shipping",
    consumers: ["payment", "order"],
    description: "There is and will be no shipment. Payment refunds, then inventory releases.",
    schema: z.object({ ...order, reason, failed_at: time }),
  },
  "saga.completed": {
    version: 1,
    producer: "order",
    consumers: ["inventory", "notification", "analytics"],
    description: "The order is confirmed, whatever its pattern. Inventory turns the reservation into a sale.",
    schema: z.object({
      ...order,
      ...line,
      ...money,
      email: z.email(),
      duration_ms: z.int().nonnegative(),
      completed_at: time,
    }),
  },
  "saga.failed": {
    version: 1,
    producer: "order",
    consumers: ["notification", "analytics"],
    description: "The order failed, whatever its pattern, and its compensation is done.",
    schema: z.object({
      ...order,
      ...line,
      ...money,
      email: z.email(),
      reason,
      duration_ms: z.int().nonnegative(),
      failed_at: time,
    }),
  },
} as const satisfies Record<string, EventDefinition>;

export type EventName = keyof typeof events;
export type EventData<N extends EventName> = z.infer<(typeof events)[N]["schema"]>;
export const eventNames = Object.keys(events) as EventName[];

/** Fields that hold personal or payment data: never logged, never kept by audit. */
export const sensitiveFields: ReadonlySet<string> = new Set(["email", "address", "payment_token"]);

/** The CloudEvents type, with the schema's version: `symphony.order.created.v1`. */
export function eventType(name: EventName): string {
  return `symphony.${name}.v${events[name].version}`;
}

/** Whether `name` is an event of the list; a message's subject may be anything. */
export function isEventName(name: string): name is EventName {
  return Object.hasOwn(events, name);
}

/** The events that `service` consumes: audit takes all of them. */
export function eventsOf(service: ServiceName): EventName[] {
  if (service === "audit") return eventNames;
  return eventNames.filter((name) => (events[name].consumers as readonly ServiceName[]).includes(service));
}

/** The streams: one for every event, one for dead letters. */
export const streams = {
  events: { name: "EVENTS", subjects: ["order.*", "inventory.*", "payment.*", "shipping.*", "saga.*"] },
  deadLetters: { name: "DLQ", subjects: ["dlq.>"] },
} as const;
