import { type Queryable } from "../../lib/db";
import { type Pattern } from "../../lib/events";
import { type Payment, type PaymentCommand, type PaymentStatus, transitions } from "./payment";

type PaymentRow = {
  order_id: string;
  payment_id: string;
  saga_id: string;
  user_id: string;
  pattern: Pattern;
  amount_cents: number;
  currency: string;
  status: PaymentStatus;
  reason: string | null;
  created_at: Date;
  updated_at: Date;
};

/** A payment as it is written where the order has none yet. */
export type NewPayment = Omit<Payment, "status" | "createdAt" | "updatedAt">;

/**
 * Takes the order's payment through `command`, as the domain's table of transitions says, in one statement:
 * two commands that race are put in order by the row's lock. Returns the payment where it changed, and
 * undefined where the command has no effect.
 */
export async function applyCommand(
  db: Queryable,
  command: PaymentCommand,
  payment: NewPayment,
): Promise<Payment | undefined> {
  const { none: statusIfNew, ...changes } = transitions[command];
  const { rows } = await db.query<PaymentRow>(
    `insert into payments
            (order_id, payment_id, saga_id, user_id, pattern, amount_cents, currency, reason, status)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (order_id) do update
        set status = $10::jsonb ->> payments.status,
            reason = excluded.reason,
            updated_at = now()
      where $10::jsonb ? payments.status
     returning *`,
    [
      payment.orderId,
      payment.paymentId,
      payment.sagaId,
      payment.userId,
      payment.pattern,
      payment.amountCents,
      payment.currency,
      payment.reason,
      statusIfNew,
      JSON.stringify(changes),
    ],
  );
  return rows[0] && toPayment(rows[0]);
}

/** The order's payment, tombstones included. */
export async function findPayment(db: Queryable, orderId: string): Promise<Payment | undefined> {
  const { rows } = await db.query<PaymentRow>(`select * from payments where order_id = $1`, [orderId]);
  return rows[0] && toPayment(rows[0]);
}

function toPayment(row: PaymentRow): Payment {
  return {
    orderId: row.order_id,
    paymentId: row.payment_id,
    sagaId: row.saga_id,
    userId: row.user_id,
    pattern: row.pattern,
    amountCents: row.amount_cents,
    currency: row.currency,
    status: row.status,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
