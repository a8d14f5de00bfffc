import { on, type Subscription } from "../../lib/consumer";
import { AppError } from "../../lib/errors";
import { type EventData } from "../../lib/events";
import { type ChargeCommand, type RefundCommand } from "./payment";
import { recordCharge, recordRefund, type StepDeps } from "./steps";

/** What payment does when something happened elsewhere. */
export function createSubscriptions({ provider }: StepDeps): Subscription[] {
  return [
    on("inventory.reserved", {
      // With `rest` and `grpc` the order service asks for the charge itself.
      when: (data) => data.pattern === "saga" || data.pattern === "events",
      prepare: (event) => provider.charge(chargeCommand(event.data)),
      async handle(tx, event, answer) {
        await recordCharge(tx, chargeCommand(event.data), answer);
      },
    }),
    on("shipping.failed", {
      // With `events` nobody undoes.
      when: (data) => data.pattern !== "events",
      prepare: (event) => provider.refund(event.data.order_id),
      async handle(tx, event) {
        await recordRefund(tx, refundCommand(event.data));
      },
    }),
  ];
}

function chargeCommand(data: EventData<"inventory.reserved">): ChargeCommand {
  if (data.payment_token === undefined || data.address === undefined) {
    throw new AppError("event.invalid", "inventory.reserved carries no payment_token or no address");
  }
  return {
    orderId: data.order_id,
    sagaId: data.saga_id,
    userId: data.user_id,
    pattern: data.pattern,
    amountCents: data.amount,
    currency: data.currency,
    paymentToken: data.payment_token,
    shipping: { productId: data.product_id, quantity: data.quantity, address: data.address },
  };
}

function refundCommand(data: EventData<"shipping.failed">): RefundCommand {
  return {
    orderId: data.order_id,
    sagaId: data.saga_id,
    userId: data.user_id,
    pattern: data.pattern,
    reason: data.reason,
  };
}
