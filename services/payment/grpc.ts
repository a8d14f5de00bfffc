import { z } from "zod";

import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { answered, stepReference, toReference } from "../../lib/grpc-step";
import { chargeSchema, refundSchema } from "./app";
import { refusals } from "./payment";
import { charge, refund, type StepDeps } from "./steps";

const { amountCents, currency, paymentToken } = chargeSchema.shape;

const chargeRequest = z
  .object({ ...stepReference, amount_cents: amountCents, currency, payment_token: paymentToken })
  .transform((request) => ({
    ...toReference(request),
    amountCents: request.amount_cents,
    currency: request.currency,
    paymentToken: request.payment_token,
  }));

const refundRequest = z
  .object({ ...stepReference, reason: refundSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same two steps as the REST API, as proto/symphony/payment/v1 defines them. */
export function createGrpc(deps: StepDeps): GrpcService {
  return grpcService("symphony.payment.v1.PaymentService", {
    charge: unary({
      schema: chargeRequest,
      handle: (command) =>
        answered(refusals, async () => {
          const { paymentId } = await charge(deps, command);
          return { success: true, payment_id: paymentId };
        }),
    }),
    refund: unary({
      schema: refundRequest,
      async handle(command) {
        await refund(deps, command);
        return { success: true };
      },
    }),
  });
}
