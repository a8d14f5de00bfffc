import { v7 as uuidv7 } from "uuid";

import { type Database, type Transaction } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { enqueue } from "../../lib/outbox";
import {
  answerToCharge,
  type ChargeCommand,
  commandFor,
  failureReason,
  type OrderReference,
  type Payment,
  type ProviderAnswer,
  type RefundCommand,
  refundedCents,
} from "./payment";
import { type Provider } from "./provider";
import { applyCommand, findPayment } from "./store";

/**
 * The two steps of a saga that payment takes. Each has a call to the provider, which is idempotent and happens
 * outside of every transaction, and a record of it, which is one transaction with the event that tells of it.
 *
 * A crash between the two is harmless: whoever asked asks again, and the provider answers the same again. A
 * charge and a refund that race are put in order by the provider: once an order is refunded there, no charge
 * of it goes through; so no money can be left behind a tombstone.
 */
export type StepDeps = { db: Database; provider: Provider };

const nothing = { amountCents: 0, currency: "EUR" };

/** Charges an order, for a caller that waits. Throws what the provider and `answerToCharge` throw. */
export async function charge({ db, provider }: StepDeps, command: ChargeCommand): Promise<Payment> {
  const answer = await provider.charge(command);
  const recorded = await db.transaction((tx) => recordCharge(tx, command, answer));
  return answerToCharge(recorded ?? (await findPayment(db, command.orderId)), command);
}

/** Refunds an order, or leaves a tombstone, for a caller that waits; answers the payment as it then is. */
export async function refund({ db, provider }: StepDeps, command: RefundCommand): Promise<Payment> {
  await provider.refund(command.orderId);
  const recorded = await db.transaction((tx) => recordRefund(tx, command));
  const payment = recorded ?? (await findPayment(db, command.orderId));
  if (!payment) throw new AppError("payment.not_found", `order ${command.orderId} has no payment`);
  return payment;
}

/** Records what the provider answered, with its event. Undefined: no effect and no event. */
export async function recordCharge(
  tx: Transaction,
  command: ChargeCommand,
  answer: ProviderAnswer,
): Promise<Payment | undefined> {
  const step = commandFor(answer);
  if (!step) return undefined;
  const payment = await applyCommand(tx, step, {
    ...command,
    paymentId: uuidv7(),
    reason: answer.outcome === "refused" ? answer.refusal : null,
  });
  if (!payment) return undefined;
  const data = {
    ...reference(payment),
    amount: payment.amountCents,
    currency: payment.currency,
  };
  if (payment.status === "failed") {
    enqueue(tx, "payment.failed", {
      ...data,
      reason: failureReason(payment),
      failed_at: payment.updatedAt,
    });
  } else {
    enqueue(tx, "payment.processed", {
      ...data,
      ...forwarded(command),
      payment_id: payment.paymentId,
      processed_at: payment.updatedAt,
    });
  }
  return payment;
}

/** Records a refund that the provider has made, or the tombstone. Undefined: no effect and no event. */
export async function recordRefund(tx: Transaction, command: RefundCommand): Promise<Payment | undefined> {
  const payment = await applyCommand(tx, "refund", { ...command, ...nothing, paymentId: uuidv7() });
  if (!payment) return undefined;
  enqueue(tx, "payment.refunded", {
    ...reference(payment),
    amount: refundedCents(payment),
    currency: payment.currency,
    reason: command.reason,
    refunded_at: payment.updatedAt,
  });
  return payment;
}

function reference({ orderId, sagaId, userId, pattern }: OrderReference) {
  return { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
}

/** What shipping needs travels on. The payment token does not: it has served its purpose. */
function forwarded({ shipping }: ChargeCommand) {
  if (!shipping) return {};
  return { product_id: shipping.productId, quantity: shipping.quantity, address: shipping.address };
}
