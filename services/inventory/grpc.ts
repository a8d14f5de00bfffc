import { z } from "zod";

import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type GrpcService, grpcService, unary } from "../../lib/grpc";
import { answered, stepReference, toReference } from "../../lib/grpc-step";
import { productIdSchema, quantitySchema, releaseSchema } from "./app";
import { failureCodes } from "./inventory";
import { release, reserve } from "./steps";
import { findProduct } from "./store";

const line = { product_id: productIdSchema, quantity: quantitySchema };

const reserveRequest = z.object({ ...stepReference, ...line }).transform((request) => ({
  ...toReference(request),
  productId: request.product_id,
  quantity: request.quantity,
}));

const releaseRequest = z
  .object({ ...stepReference, reason: releaseSchema.shape.reason })
  .transform((request) => ({ ...toReference(request), reason: request.reason }));

/** The same steps as the REST API, as proto/symphony/inventory/v1 defines them. */
export function createGrpc(db: Database): GrpcService {
  return grpcService("symphony.inventory.v1.InventoryService", {
    reserveInventory: unary({
      schema: reserveRequest,
      handle: (command) =>
        answered(failureCodes, async () => {
          await reserve(db, command);
          return { success: true };
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
