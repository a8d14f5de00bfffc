import { z } from "zod";

import { AppError } from "../../lib/errors";
import { addressSchema } from "../../lib/events";
import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { cancelSchema, scheduleSchema } from "./app";
import { refusals } from "./shipment";
import { cancel, schedule, type StepDeps } from "./steps";

const { orderId, sagaId, userId, pattern } = scheduleSchema.shape;
const reference = { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
const { line1, city, postalCode, country } = addressSchema.shape;

const scheduleRequest = z
  .object({ ...reference, address: z.object({ line1, city, postal_code: postalCode, country }) })
  .transform(({ address: { postal_code, ...address }, ...request }) => ({
    ...toReference(request),
    address: { ...address, postalCode: postal_code },
  }));

const cancelRequest = z
  .object({ ...reference, reason: cancelSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same two steps as the REST API, as proto/symphony/shipping/v1 defines them. */
export function createGrpc(deps: StepDeps): GrpcService {
  return grpcService("symphony.shipping.v1.ShippingService", {
    scheduleShipment: unary({
      schema: scheduleRequest,
      handle: (command) =>
        answered(async () => {
          const { shipmentId, trackingNumber } = await schedule(deps, command);
          return { success: true, shipment_id: shipmentId, tracking_number: trackingNumber ?? "" };
        }),
    }),
    cancelShipment: unary({
      schema: cancelRequest,
      async handle(command) {
        await cancel(deps, command);
        return { success: true };
      },
    }),
  });
}

const businessRefusals: ReadonlySet<string> = new Set([...refusals, "order.cancelled"]);

/** A refusal is an answer in gRPC, not an error of the call. */
async function answered<T>(work: () => Promise<T>) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || !businessRefusals.has(error.code)) throw error;
    return { success: false, error_code: error.code, error_message: error.message };
  }
}

function toReference(request: z.output<z.ZodObject<typeof reference>>) {
  return {
    orderId: request.order_id,
    sagaId: request.saga_id,
    userId: request.user_id,
    pattern: request.pattern,
  };
}
