import { z } from "zod";

import { AppError } from "../../lib/errors";
import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { chargeSchema, refundSchema } from "./app";
import { refusals } from "./payment";
import { charge, refund, type StepDeps } from "./steps";

const { orderId, sagaId, userId, pattern, amountCents, currency, paymentToken } = chargeSchema.shape;
const reference = { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };

const chargeRequest = z
  .object({ ...reference, amount_cents: amountCents, currency, payment_token: paymentToken })
  .transform((request) => ({
    ...toReference(request),
    amountCents: request.amount_cents,
    currency: request.currency,
    paymentToken: request.payment_token,
  }));

const refundRequest = z
  .object({ ...reference, reason: refundSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same two steps as the REST API, as proto/symphony/payment/v1 defines them. */
export function createGrpc(deps: StepDeps): GrpcService {
  return grpcService("symphony.payment.v1.PaymentService", {
    charge: unary({
      schema: chargeRequest,
      handle: (command) =>
        answered(async () => {
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
