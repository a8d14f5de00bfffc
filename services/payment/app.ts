import { z } from "zod";

import { AppError } from "../../lib/errors";
import { patterns } from "../../lib/events";
import { type Route, route } from "../../lib/route";
import { charge, refund, type StepDeps } from "./steps";
import { findPayment } from "./store";

const referenceShape = { sagaId: z.uuid(), userId: z.uuid(), pattern: z.enum(patterns) };

/** What a charge needs; gRPC requests are held to the same rules. */
export const chargeSchema = z.strictObject({
  orderId: z.uuid(),
  ...referenceShape,
  amountCents: z.int().nonnegative().describe("minor units, for EUR cents"),
  currency: z.string().regex(/^[A-Z]{3}$/, "three capital letters, ISO 4217"),
  paymentToken: z.string().min(1).max(100),
});

export const refundSchema = z.strictObject({ ...referenceShape, reason: z.string().min(1).max(500) });

const paymentSchema = z
  .object({
    orderId: z.uuid(),
    paymentId: z.uuid(),
    sagaId: z.uuid(),
    userId: z.uuid(),
    pattern: z.enum(patterns),
    amountCents: z.int(),
    currency: z.string(),
    status: z
      .enum(["processed", "failed", "refunded", "void"])
      .describe("void: refunded before it was charged, so a later charge is refused"),
    reason: z.string().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Payment" });

const orderParams = z.object({ orderId: z.uuid() });

/** The internal REST API; the gateway does not route to it. */
export function createRoutes(deps: StepDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/payments",
      summary: "Charge an order. Idempotent by order.",
      body: chargeSchema,
      responses: { 201: { description: "The order is charged.", schema: paymentSchema } },
      errors: [
        "payment.declined",
        "payment.insufficient_funds",
        "payment.token_unknown",
        "payment.provider_error",
        "order.cancelled",
        "idempotency.key_reused",
        "peer.timeout",
      ],
      async handle({ body }, response) {
        response.status(201).json(await charge(deps, body));
      },
    }),
    route({
      method: "post",
      path: "/payments/:orderId/refund",
      summary: "Refund an order. Where nothing is charged yet, a charge that arrives later is refused.",
      params: orderParams,
      body: refundSchema,
      responses: { 200: { description: "The payment as it is now.", schema: paymentSchema } },
      errors: ["peer.timeout"],
      async handle({ params, body }, response) {
        response.json(await refund(deps, { orderId: params.orderId, ...body }));
      },
    }),
    route({
      method: "get",
      path: "/payments/:orderId",
      summary: "The payment of an order.",
      params: orderParams,
      responses: { 200: { description: "The payment.", schema: paymentSchema } },
      errors: ["payment.not_found"],
      async handle({ params }, response) {
        const payment = await findPayment(deps.db, params.orderId);
        if (!payment) throw new AppError("payment.not_found", `order ${params.orderId} has no payment`);
        response.json(payment);
      },
    }),
  ];
}
