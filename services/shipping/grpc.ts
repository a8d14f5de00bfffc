import { z } from "zod";

import { addressSchema } from "../../lib/events";
import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { answered, stepReference, toReference } from "../../lib/grpc-step";
import { cancelSchema } from "./app";
import { refusals } from "./shipment";
import { cancel, schedule, type StepDeps } from "./steps";

const { line1, city, postalCode, country } = addressSchema.shape;

const scheduleRequest = z
  .object({ ...stepReference, address: z.object({ line1, city, postal_code: postalCode, country }) })
  .transform(({ address: { postal_code, ...address }, ...request }) => ({
    ...toReference(request),
    address: { ...address, postalCode: postal_code },
  }));

const cancelRequest = z
  .object({ ...stepReference, reason: cancelSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same two steps as the REST API, as proto/symphony/shipping/v1 defines them. */
export function createGrpc(deps: StepDeps): GrpcService {
  return grpcService("symphony.shipping.v1.ShippingService", {
    scheduleShipment: unary({
      schema: scheduleRequest,
      handle: (command) =>
        answered(refusals, async () => {
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
