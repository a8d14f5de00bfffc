import { AppError } from "../../lib/errors";
import { type Pattern } from "../../lib/events";

/**
 * `sold` is final. `void` is the tombstone of a release that came before its reservation, which is then
 * refused. `failed` had no stock to take.
 */
export const reservationStatuses = ["reserved", "sold", "released", "void", "failed"] as const;
export type ReservationStatus = (typeof reservationStatuses)[number];

/** Why a reservation fails for good. */
export const failureCodes = ["product.not_found", "inventory.insufficient_stock"] as const;
export type FailureCode = (typeof failureCodes)[number];

export type Product = {
  id: string;
  name: string;
  description: string;
  priceCents: number;
  currency: string;
  available: number;
};

/** The order that a step belongs to; every event carries it. */
export type OrderReference = { orderId: string; sagaId: string; userId: string; pattern: Pattern };

export type ReserveCommand = OrderReference & { productId: string; quantity: number };
export type ReleaseCommand = OrderReference & { reason: string };

export type Reservation = OrderReference & {
  /** Null for a tombstone. */
  productId: string | null;
  quantity: number;
  status: ReservationStatus;
  failureCode: FailureCode | null;
  createdAt: string;
  updatedAt: string;
};

export type Command = "reserve" | "release" | "sell";

/** `wait`: the cause of this command has not arrived yet, so the command has to come again. */
export type Effect = "take" | "give-back" | "sell" | "leave-tombstone" | "wait" | "nothing";

const nothingMore = { sold: "nothing", released: "nothing", void: "nothing", failed: "nothing" } as const;

/** What a command does, given the status of the order's reservation ("none": there is none). */
export const effects: Readonly<Record<Command, Readonly<Record<ReservationStatus | "none", Effect>>>> = {
  reserve: { none: "take", reserved: "nothing", ...nothingMore },
  release: { none: "leave-tombstone", reserved: "give-back", ...nothingMore },
  sell: { none: "wait", reserved: "sell", ...nothingMore },
};

export type StockChange = {
  status: ReservationStatus;
  /** By how much each number of the product changes, per piece. Their sum is 0: stock is moved, never made. */
  available: -1 | 0 | 1;
  reserved: -1 | 0 | 1;
  sold: -1 | 0 | 1;
};

/** The status that an effect leads to, and the stock that it moves. */
export const changes = {
  take: { status: "reserved", available: -1, reserved: 1, sold: 0 },
  "give-back": { status: "released", available: 1, reserved: -1, sold: 0 },
  sell: { status: "sold", available: 0, reserved: -1, sold: 1 },
  "leave-tombstone": { status: "void", available: 0, reserved: 0, sold: 0 },
} as const satisfies Partial<Record<Effect, StockChange>>;

/** What `command` does to an order whose reservation has `status`. */
export function effectOf(command: Command, status: ReservationStatus | undefined): Effect {
  return effects[command][status ?? "none"];
}

/**
 * The reservation as the answer to whoever asked for it: the same for the first request and its repetitions.
 *
 * Throws AppError: the failure; `order.cancelled` where a release came first; `idempotency.key_reused` where
 * the order has reserved something else.
 */
export function answerToReserve(reservation: Reservation, command: ReserveCommand): Reservation {
  if (reservation.status === "void" || reservation.status === "released") {
    throw new AppError("order.cancelled", `the reservation of order ${command.orderId} was cancelled`);
  }
  if (reservation.productId !== command.productId || reservation.quantity !== command.quantity) {
    throw new AppError(
      "idempotency.key_reused",
      `order ${command.orderId} has already asked for ${reservation.quantity} of "${reservation.productId}"`,
    );
  }
  if (reservation.failureCode)
    throw new AppError(reservation.failureCode, failureMessage(reservation.failureCode, command));
  return reservation;
}

/** A failure in words, which name what was asked for. */
export function failureMessage(code: FailureCode, { productId, quantity }: ReserveCommand): string {
  if (code === "product.not_found") return `there is no product "${productId}"`;
  return `"${productId}" is not available in the quantity ${quantity}`;
}
