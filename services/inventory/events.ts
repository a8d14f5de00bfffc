import { on, type Subscription } from "../../lib/consumer";
import { type Database, type Transaction } from "../../lib/db";
import { type EventData } from "../../lib/events";
import { type OrderReference } from "./inventory";
import { recordRelease, recordReservation, recordSale } from "./steps";
import { findReservation } from "./store";

type BeginningOfOrder = EventData<"order.saga-started" | "order.created">;
type Undo = EventData<"payment.failed" | "payment.refunded">;

/** What inventory does when something happened elsewhere. */
export function createSubscriptions(db: Database): Subscription[] {
  const undo = {
    // With `events` nobody undoes.
    when: ({ pattern }: Undo) => pattern !== "events",
    prepare: async ({ data }: { data: Undo }) => (await findReservation(db, data.order_id))?.productId ?? "",
    lockKey: (_data: Undo, productId: string) => productId,
    handle: (tx: Transaction, { data }: { data: Undo }) => releaseFor(tx, data),
  };
  const lockKey = ({ product_id: productId }: { product_id: string }): string => productId;
  return [
    on("order.saga-started", { lockKey, handle: (tx, { data }) => reserveFor(tx, data) }),
    on("order.created", {
      // Sagas begin with order.saga-started; with `rest` and `grpc` the order service asks itself.
      when: (data) => data.pattern === "events",
      lockKey,
      handle: (tx, { data }) => reserveFor(tx, data),
    }),
    on("payment.failed", undo),
    on("payment.refunded", undo),
    on("saga.completed", { lockKey, handle: (tx, { data }) => recordSale(tx, data.order_id) }),
  ];
}

function reserveFor(tx: Transaction, data: BeginningOfOrder): Promise<void> {
  const { amount, currency, payment_token, address } = data;
  const command = { ...reference(data), productId: data.product_id, quantity: data.quantity };
  return recordReservation(tx, command, { amount, currency, payment_token, address });
}

function releaseFor(tx: Transaction, data: Undo): Promise<void> {
  return recordRelease(tx, { ...reference(data), reason: data.reason });
}

function reference(data: BeginningOfOrder | Undo): OrderReference {
  return { orderId: data.order_id, sagaId: data.saga_id, userId: data.user_id, pattern: data.pattern };
}
