import { z } from "zod";

import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { productIdSchema, quantitySchema, releaseSchema, reservationRequestSchema } from "./app";
import { failureCodes } from "./inventory";
import { release, reserve } from "./steps";
import { findProduct } from "./store";

const { orderId, sagaId, userId, pattern } = reservationRequestSchema.shape;
const reference = { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
const line = { product_id: productIdSchema, quantity: quantitySchema };

const reserveRequest = z.object({ ...reference, ...line }).transform((request) => ({
  ...toReference(request),
  productId: request.product_id,
  quantity: request.quantity,
}));

const releaseRequest = z
  .object({ ...reference, reason: releaseSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same steps as the REST API, as proto/symphony/inventory/v1 defines them. */
export function createGrpc(db: Database): GrpcService {
  return grpcService("symphony.inventory.v1.InventoryService", {
    reserveInventory: unary({
      schema: reserveRequest,
      handle: (command) =>
        answered(async () => {
          await reserve(db, command);
        }),
    }),
    releaseInventory: unary({
      schema: releaseRequest,
      async handle(command) {
        await release(db, command);
        return { success: true };
      },
    }),
    checkAvailability: unary({
      schema: z.object(line),
      async handle({ product_id: id, quantity }) {
        const product = await findProduct(db, id);
        if (!product) throw new AppError("product.not_found", `there is no product "${id}"`);
        return {
          available: product.available >= quantity,
          available_quantity: product.available,
          price_cents: product.priceCents,
          currency: product.currency,
        };
      },
    }),
  });
}

const businessRefusals: ReadonlySet<string> = new Set([...failureCodes, "order.cancelled"]);

/** A refusal is an answer in gRPC, not an error of the call. */
async function answered(work: () => Promise<void>) {
  try {
    await work();
    return { success: true };
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
