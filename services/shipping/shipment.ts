import { AppError, errorTable, isErrorCode } from "../../lib/errors";
import { type Address, type Pattern } from "../../lib/events";

export type ShipmentStatus = "scheduled" | "failed" | "cancelled" | "void";

/** Why the carrier may refuse a shipment for good. */
export const refusals = ["shipping.destination_refused", "shipping.no_capacity"] as const;
export type Refusal = (typeof refusals)[number];

/** The order a step belongs to; every event carries it. */
export type OrderReference = { orderId: string; sagaId: string; userId: string; pattern: Pattern };

export type Shipment = OrderReference & {
  shipmentId: string;
  address: Address | null;
  trackingNumber: string | null;
  status: ShipmentStatus;
  reason: string | null;
  createdAt: string;
  updatedAt: string;
};

export type ScheduleCommand = OrderReference & { address: Address };
export type CancelCommand = OrderReference & { reason: string };

export type ShipmentCommand = "schedule" | "refuse" | "cancel";

/**
 * Every change a shipment can go through, from the status it has ("none": no shipment yet) to the one it gets;
 * what is not listed has no effect and writes no event. `void` is the tombstone: a cancellation that came
 * before its shipment, which is then refused. The store runs this very table.
 */
export const transitions: Readonly<
  Record<ShipmentCommand, Readonly<Partial<Record<ShipmentStatus | "none", ShipmentStatus>>>>
> = {
  schedule: { none: "scheduled" },
  refuse: { none: "failed" },
  cancel: { none: "void", scheduled: "cancelled" },
};

/**
 * The shipment as the answer to its scheduling: the same for the first request and for its repetitions.
 * Throws AppError: the carrier's refusal, or `order.cancelled` where a cancellation came first.
 */
export function answerToSchedule(shipment: Shipment | undefined, orderId: string): Shipment {
  if (shipment === undefined || shipment.status === "void" || shipment.status === "cancelled") {
    throw new AppError("order.cancelled", `the shipment of order ${orderId} was cancelled`);
  }
  if (shipment.status === "failed") {
    const code = isErrorCode(shipment.reason) ? shipment.reason : "shipping.destination_refused";
    throw new AppError(code, `the carrier refused the shipment of order ${orderId}`);
  }
  return shipment;
}

/** Why there is no shipment, as the event tells it: a refusal's code comes first, then a text for a person. */
export function failureReason({ reason }: Shipment): string {
  return isErrorCode(reason) ? `${reason}: ${errorTable[reason].title}` : (reason ?? "");
}
