import { v7 as uuidv7 } from "uuid";

import { type Database, type Transaction } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { enqueue } from "../../lib/outbox";
import { type Carrier } from "./carrier";
import {
  answerToSchedule,
  type CancelCommand,
  failureReason,
  type OrderReference,
  type ScheduleCommand,
  type Shipment,
} from "./shipment";
import { cancelShipment, findShipment, insertRefused, insertScheduled, refuseForCapacity } from "./store";

/** The two steps of a saga that shipping takes; each is one transaction with the event that tells of it. */
export type StepDeps = { db: Database; carrier: Carrier };

/** Schedules an order's shipment, for a caller that waits. Throws what `answerToSchedule` throws. */
export async function schedule({ db, carrier }: StepDeps, command: ScheduleCommand): Promise<Shipment> {
  const recorded = await db.transaction((tx) => recordSchedule(tx, carrier, command));
  return answerToSchedule(recorded ?? (await findShipment(db, command.orderId)), command.orderId);
}

/** Cancels an order's shipment, or leaves a tombstone, for a caller that waits; answers it as it then is. */
export async function cancel({ db }: StepDeps, command: CancelCommand): Promise<Shipment> {
  const recorded = await db.transaction((tx) => recordCancel(tx, command));
  const shipment = recorded ?? (await findShipment(db, command.orderId));
  if (!shipment) throw new AppError("shipment.not_found", `order ${command.orderId} has no shipment`);
  return shipment;
}

/** Hands the order to the carrier and tells how it went. Undefined: no effect and no event. */
export async function recordSchedule(
  tx: Transaction,
  carrier: Carrier,
  command: ScheduleCommand,
): Promise<Shipment | undefined> {
  const shipment = await handOver(tx, carrier, command);
  if (!shipment) return undefined;
  if (shipment.status === "failed") {
    await enqueueFailed(tx, shipment);
  } else {
    enqueue(tx, "shipping.scheduled", {
      ...reference(shipment),
      shipment_id: shipment.shipmentId,
      tracking_number: shipment.trackingNumber ?? "",
      scheduled_at: shipment.updatedAt,
    });
  }
  return shipment;
}

/** Takes the shipment back, or leaves a tombstone, and tells. Undefined: no effect and no event. */
export async function recordCancel(tx: Transaction, command: CancelCommand): Promise<Shipment | undefined> {
  const shipment = await cancelShipment(tx, command, uuidv7());
  if (shipment) await enqueueFailed(tx, shipment);
  return shipment;
}

async function handOver(tx: Transaction, carrier: Carrier, command: ScheduleCommand) {
  const shipmentId = uuidv7();
  const shipment = { ...command, shipmentId };
  if (carrier.refuses(command.address)) return insertRefused(tx, shipment, "shipping.destination_refused");
  const scheduled = await insertScheduled(tx, shipment, {
    trackingNumber: carrier.trackingNumber(shipmentId),
    day: carrier.dayOf(new Date()),
    dailyCapacity: carrier.dailyCapacity,
  });
  if (scheduled && !scheduled.isBooked) return refuseForCapacity(tx, command.orderId);
  return scheduled?.shipment;
}

async function enqueueFailed(tx: Transaction, shipment: Shipment): Promise<void> {
  enqueue(tx, "shipping.failed", {
    ...reference(shipment),
    reason: failureReason(shipment),
    failed_at: shipment.updatedAt,
  });
}

function reference({ orderId, sagaId, userId, pattern }: OrderReference) {
  return { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
}
