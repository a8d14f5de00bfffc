import { z } from "zod";

import { AppError } from "../../lib/errors";
import { addressSchema, patterns } from "../../lib/events";
import { type Route, route } from "../../lib/route";
import { cancel, schedule, type StepDeps } from "./steps";
import { findShipment } from "./store";

const referenceShape = { sagaId: z.uuid(), userId: z.uuid(), pattern: z.enum(patterns) };

/** What a shipment needs; gRPC requests are held to the same rules. */
export const scheduleSchema = z.strictObject({
  orderId: z.uuid(),
  ...referenceShape,
  address: addressSchema,
});

export const cancelSchema = z.strictObject({ ...referenceShape, reason: z.string().min(1).max(500) });

const shipmentSchema = z
  .object({
    orderId: z.uuid(),
    shipmentId: z.uuid(),
    sagaId: z.uuid(),
    userId: z.uuid(),
    pattern: z.enum(patterns),
    address: addressSchema.nullable(),
    trackingNumber: z.string().nullable(),
    status: z
      .enum(["scheduled", "failed", "cancelled", "void"])
      .describe("void: cancelled before it was asked for, so a later shipment is refused"),
    reason: z.string().nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Shipment" });

const orderParams = z.object({ orderId: z.uuid() });

/** The internal REST API; the gateway does not route to it. */
export function createRoutes(deps: StepDeps): Route[] {
  return [
    route({
      method: "post",
      path: "/shipments",
      summary: "Schedule the shipment of an order. Idempotent by order.",
      body: scheduleSchema,
      responses: { 201: { description: "The carrier takes the shipment.", schema: shipmentSchema } },
      errors: ["shipping.destination_refused", "shipping.no_capacity", "order.cancelled"],
      async handle({ body }, response) {
        response.status(201).json(await schedule(deps, body));
      },
    }),
    route({
      method: "post",
      path: "/shipments/:orderId/cancel",
      summary:
        "Cancel the shipment of an order. Where there is none yet, one that is asked for later is refused.",
      params: orderParams,
      body: cancelSchema,
      responses: { 200: { description: "The shipment as it is now.", schema: shipmentSchema } },
      async handle({ params, body }, response) {
        response.json(await cancel(deps, { orderId: params.orderId, ...body }));
      },
    }),
    route({
      method: "get",
      path: "/shipments/:orderId",
      summary: "The shipment of an order.",
      params: orderParams,
      responses: { 200: { description: "The shipment.", schema: shipmentSchema } },
      errors: ["shipment.not_found"],
      async handle({ params }, response) {
        const shipment = await findShipment(deps.db, params.orderId);
        if (!shipment) throw new AppError("shipment.not_found", `order ${params.orderId} has no shipment`);
        response.json(shipment);
      },
    }),
  ];
}
