import { AppError, errorTable, isErrorCode } from "../../lib/errors";
import { type Address, type Pattern } from "../../lib/events";

export type PaymentStatus = "processed" | "failed" | "refunded" | "void";

/** Why the provider may refuse a charge for good. */
export const refusals = ["payment.declined", "payment.insufficient_funds", "payment.token_unknown"] as const;
export type Refusal = (typeof refusals)[number];

/** The order a step belongs to; every event carries it. */
export type OrderReference = { orderId: string; sagaId: string; userId: string; pattern: Pattern };

export type Payment = OrderReference & {
  paymentId: string;
  amountCents: number;
  currency: string;
  status: PaymentStatus;
  reason: string | null;
  createdAt: string;
  updatedAt: string;
};

export type ChargeCommand = OrderReference & {
  amountCents: number;
  currency: string;
  paymentToken: string;
  /** What shipping needs, where the charge is a step of a choreography. */
  shipping?: { productId: string; quantity: number; address: Address };
};

export type RefundCommand = OrderReference & { reason: string };

/**
 * What the provider says to a charge. `closed`: the order was refunded at the provider before, so nothing
 * is charged and nothing will be.
 */
export type ProviderAnswer =
  { outcome: "approved" } | { outcome: "refused"; refusal: Refusal } | { outcome: "closed" };

export type PaymentCommand = "approve" | "refuse" | "refund";

/** From the status an order's payment has ("none": no payment yet) to the one it gets. */
export type Transitions<Status extends string, Command extends string> = Readonly<
  Record<Command, Readonly<Partial<Record<Status | "none", Status>>>>
>;

/**
 * Every change a payment can go through; what is not listed has no effect and writes no event. `void` is the
 * tombstone: a refund that came before its charge, which is then refused. The store runs this very table.
 */
export const transitions: Transitions<PaymentStatus, PaymentCommand> = {
  approve: { none: "processed" },
  refuse: { none: "failed" },
  refund: { none: "void", processed: "refunded" },
};

/** The command that an answer of the provider amounts to; a closed order takes none. */
export function commandFor(answer: ProviderAnswer): "approve" | "refuse" | undefined {
  switch (answer.outcome) {
    case "approved":
      return "approve";
    case "refused":
      return "refuse";
    case "closed":
      return undefined;
  }
}

/**
 * The payment as the answer to a charge: the same for the first request and for its repetitions.
 *
 * Throws AppError: the refusal; `order.cancelled` where a refund came first; `idempotency.key_reused` where
 * the order was charged another amount.
 */
export function answerToCharge(payment: Payment | undefined, command: ChargeCommand): Payment {
  if (payment === undefined || payment.status === "void" || payment.status === "refunded") {
    throw new AppError("order.cancelled", `the charge of order ${command.orderId} was cancelled`);
  }
  if (payment.amountCents !== command.amountCents || payment.currency !== command.currency) {
    throw new AppError(
      "idempotency.key_reused",
      `order ${command.orderId} was already charged ${payment.amountCents} ${payment.currency} minor units`,
    );
  }
  if (payment.status === "failed") {
    const code = isErrorCode(payment.reason) ? payment.reason : "payment.declined";
    throw new AppError(code, `the payment provider refused the charge of order ${command.orderId}`);
  }
  return payment;
}

/** Why a charge failed, as the event tells it: the code first, then a text for a person. */
export function failureReason({ reason }: Payment): string {
  return isErrorCode(reason) ? `${reason}: ${errorTable[reason].title}` : (reason ?? "");
}

/** The money that a refund gives back, in minor units: nothing where nothing had been charged. */
export function refundedCents(payment: Payment): number {
  return payment.status === "refunded" ? payment.amountCents : 0;
}
