import { type Database, type Transaction } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Address } from "../../lib/events";
import { enqueue } from "../../lib/outbox";
import {
  answerToReserve,
  effectOf,
  type FailureCode,
  failureMessage,
  type OrderReference,
  type ReleaseCommand,
  type Reservation,
  type ReserveCommand,
} from "./inventory";
import { claim, failClaim, findReservation, leaveTombstone, settle } from "./store";

/** What travels on in a choreography: the order's amount, and what the later steps need. */
export type Forward = { amount: number; currency: string; payment_token: string; address: Address };

/** Reserves stock, for a caller that waits. Throws what `answerToReserve` throws. */
export async function reserve(db: Database, command: ReserveCommand): Promise<Reservation> {
  const reservation = await db.transaction(async (tx) => {
    await recordReservation(tx, command);
    return findReservation(tx, command.orderId);
  });
  if (!reservation) throw new Error(`order ${command.orderId} has no reservation`);
  return answerToReserve(reservation, command);
}

/** Gives stock back or leaves a tombstone, for a caller that waits; answers the reservation as it then is. */
export async function release(db: Database, command: ReleaseCommand): Promise<Reservation> {
  const reservation = await db.transaction(async (tx) => {
    await recordRelease(tx, command);
    return findReservation(tx, command.orderId);
  });
  if (!reservation)
    throw new AppError("reservation.not_found", `order ${command.orderId} has no reservation`);
  return reservation;
}

/**
 * Reserves stock, or records that there is not enough, with the event that tells of it. An order that was
 * here before, even only to be released, has no effect and no event. Without `forward` the order service
 * calls each step itself, and the amount is the price of what is reserved.
 */
export async function recordReservation(
  tx: Transaction,
  command: ReserveCommand,
  forward?: Forward,
): Promise<void> {
  const claimed = await claim(tx, command);
  if (!claimed.new) return;
  const data = { ...eventReference(command), product_id: command.productId, quantity: command.quantity };
  const at = new Date().toISOString();
  if (claimed.taken) {
    const { priceCents, currency } = claimed.taken;
    const carried = forward ?? { amount: priceCents * command.quantity, currency };
    enqueue(tx, "inventory.reserved", { ...data, ...carried, reserved_at: at });
  } else {
    const code = await failClaim(tx, command.orderId);
    enqueue(tx, "inventory.reservation-failed", {
      ...data,
      reason: reasonOf(code, command),
      failed_at: at,
    });
  }
}

/** Gives stock back, or leaves a tombstone (quantity 0), with its event. Where neither is due: no event. */
export async function recordRelease(tx: Transaction, command: ReleaseCommand): Promise<void> {
  let quantity = await settle(tx, command.orderId, "give-back");
  if (quantity === undefined) {
    const effect = effectOf("release", await leaveTombstone(tx, command));
    if (effect === "nothing") return;
    // The reservation was committed between the two statements; its row is locked now.
    quantity = effect === "give-back" ? await settle(tx, command.orderId, "give-back") : 0;
  }
  enqueue(tx, "inventory.released", {
    ...eventReference(command),
    quantity: quantity ?? 0,
    reason: command.reason,
    released_at: new Date().toISOString(),
  });
}

/** Turns a reservation into a sale. Throws where the reservation has not arrived yet, so that the event comes again. */
export async function recordSale(tx: Transaction, orderId: string): Promise<void> {
  if ((await settle(tx, orderId, "sell")) !== undefined) return;
  const reservation = await findReservation(tx, orderId);
  if (effectOf("sell", reservation?.status) === "nothing") return;
  throw new Error(`order ${orderId} is complete, but its reservation is not there yet`);
}

function reasonOf(code: FailureCode, command: ReserveCommand): string {
  return `${code}: ${failureMessage(code, command)}`;
}

function eventReference({ orderId, sagaId, userId, pattern }: OrderReference) {
  return { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
}
