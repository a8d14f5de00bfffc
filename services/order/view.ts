import { z } from "zod";

import { type AppError } from "../../lib/errors";
import { patterns } from "../../lib/events";
import { problem } from "../../lib/problem";
import { type Answer } from "./idempotency";
import { durationMs, type Order } from "./order";
import { type StoredStep } from "./store";

/** An order as its owner sees it. */
export const orderSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(["pending", "saga_started", "compensating", "confirmed", "failed"]),
    pattern: z.enum(patterns),
    sagaId: z.uuid(),
    userId: z.uuid(),
    productId: z.string(),
    quantity: z.int(),
    amountCents: z.int().describe("minor units, for EUR cents"),
    currency: z.string(),
    failureCode: z.string().optional(),
    failureReason: z.string().optional(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    completedAt: z.iso.datetime().optional(),
    durationMs: z.int().optional(),
    correlationId: z.string(),
  })
  .meta({ id: "Order" });
export type OrderView = z.infer<typeof orderSchema>;

/** One line of an order's timeline. */
export const stepSchema = z
  .object({ event: z.string(), at: z.iso.datetime(), detail: z.string().optional() })
  .meta({ id: "Step" });

/** What the API shows of an order. */
export function orderView(order: Order): OrderView {
  const { id, status, pattern, sagaId, userId, productId, quantity, amountCents, currency } = order;
  return {
    id,
    status,
    pattern,
    sagaId,
    userId,
    productId,
    quantity,
    amountCents,
    currency,
    ...(order.failureCode && { failureCode: order.failureCode }),
    ...(order.failureReason && { failureReason: order.failureReason }),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    ...(order.completedAt && {
      completedAt: order.completedAt.toISOString(),
      durationMs: durationMs(order),
    }),
    correlationId: order.correlationId,
  };
}

/** What the API shows of a step. */
export function stepView({ event, at, detail }: StoredStep): z.infer<typeof stepSchema> {
  return { event, at: at.toISOString(), ...(detail !== undefined && { detail }) };
}

/** A refusal as it is answered and stored; with the order's id where there is an order. */
export function refusalAnswer(error: AppError, correlationId: string, orderId?: string): Answer {
  return {
    status: error.httpStatus,
    body: { ...problem(error, correlationId), ...(orderId && { orderId }) },
  };
}
