import { type Pattern, type ServiceName } from "../../lib/events";

/** One order as its own service tells it. Amounts are minor units, times milliseconds since the epoch. */
export type OrderFact = {
  id: string;
  pattern: Pattern;
  status: string;
  productId: string;
  quantity: number;
  amount: number;
  deadlineAt: number;
};

export type PaymentFact = { orderId: string; status: string; amount: number };
/** What the simulated provider holds for an order: charged minus refunded is what the customer paid. */
export type ChargeFact = { orderId: string; charged: number; refunded: number };
export type ReservationFact = { orderId: string; status: string; productId: string; quantity: number };
export type ShipmentFact = { orderId: string; status: string };
export type NotificationFact = { orderId: string; kind: string };
export type ProductFact = { id: string; available: number; reserved: number; sold: number; supplied: number };
/** One row of a service's outbox. */
export type OutboxFact = {
  service: ServiceName;
  id: string;
  subject: string;
  aggregateId: string;
  status: string;
};

/** Everything that the services and the broker know, read after the system has come to rest. */
export type Facts = {
  orders: OrderFact[];
  payments: PaymentFact[];
  charges: ChargeFact[];
  reservations: ReservationFact[];
  shipments: ShipmentFact[];
  notifications: NotificationFact[];
  products: ProductFact[];
  outbox: OutboxFact[];
  /** Ids of the events in the stream, and of those in the audit log. */
  streamIds: ReadonlySet<string>;
  auditIds: ReadonlySet<string>;
  /** When the facts were read, in milliseconds since the epoch. */
  readAt: number;
};

export type Violation = { invariant: string; subject: string; detail: string };

export type Report = {
  violations: Violation[];
  /** Orders of the `events` pattern that failed and keep money, stock or a shipment: nobody undoes there. */
  leftovers: Violation[];
  counts: Record<string, number>;
};
