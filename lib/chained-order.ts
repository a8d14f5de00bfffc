import { z } from "zod";

import { type EventData } from "./events";

/** What order tells the services after it of an order, where there are no events (`SYNCHRONOUS_CHAIN`). */
export const chainedOrderSchema = z
  .strictObject({
    orderId: z.uuid(),
    sagaId: z.uuid(),
    userId: z.uuid(),
    email: z.email(),
    productId: z.string().min(1).max(64),
    quantity: z.int().positive(),
    amountCents: z.int().nonnegative().describe("minor units, for EUR cents"),
    currency: z.string().length(3),
    orderedAt: z.iso.datetime(),
  })
  .meta({ id: "ChainedOrder" });
export type ChainedOrder = z.infer<typeof chainedOrderSchema>;

/** The same as the event that tells of a confirmed order. */
export function completedOf(order: ChainedOrder): EventData<"saga.completed"> {
  return {
    saga_id: order.sagaId,
    order_id: order.orderId,
    user_id: order.userId,
    pattern: "rest",
    product_id: order.productId,
    quantity: order.quantity,
    amount: order.amountCents,
    currency: order.currency,
    email: order.email,
    duration_ms: 0,
    completed_at: order.orderedAt,
  };
}
