import { z } from "zod";

import { AppError, isErrorCode } from "../../lib/errors";
import { type Address, type Pattern } from "../../lib/events";
import { createGrpcClient } from "../../lib/grpc";
import { createHttpClient } from "../../lib/http-client";

export type Product = { priceCents: number; currency: string; available: number };

/** All that the steps need to know of an order. */
export type StepOrder = {
  id: string;
  sagaId: string;
  userId: string;
  email: string;
  pattern: Pattern;
  productId: string;
  quantity: number;
  amountCents: number;
  currency: string;
  paymentToken: string;
  address: Address;
};

/**
 * The services that an order needs, over REST or gRPC. Each call has a deadline and is idempotent by order;
 * undoing what was never done leaves a tombstone that refuses it later. All of them reject with AppError.
 */
export type Peers = {
  findProduct(productId: string, quantity: number): Promise<Product>;
  reserve(order: StepOrder): Promise<void>;
  release(order: StepOrder, reason: string): Promise<void>;
  charge(order: StepOrder): Promise<void>;
  refund(order: StepOrder, reason: string): Promise<void>;
  ship(order: StepOrder): Promise<void>;
  cancelShipment(order: StepOrder, reason: string): Promise<void>;
  /** Calls after the last step, each waited for: only where the services run as a synchronous chain. */
  chain?: ((order: StepOrder) => Promise<void>)[];
};

const productSchema = z.object({
  priceCents: z.int().nonnegative(),
  currency: z.string(),
  available: z.int(),
});

/** The peers over REST. `deadlineMs` holds for each call. */
export function createRestPeers(options: {
  inventoryUrl: string;
  paymentUrl: string;
  shippingUrl: string;
  deadlineMs: number;
}): Peers {
  const { deadlineMs } = options;
  const inventory = createHttpClient({ peer: "inventory", baseUrl: options.inventoryUrl, deadlineMs });
  const payment = createHttpClient({ peer: "payment", baseUrl: options.paymentUrl, deadlineMs });
  const shipping = createHttpClient({ peer: "shipping", baseUrl: options.shippingUrl, deadlineMs });
  const post = async (client: typeof inventory, path: string, body: object) =>
    void (await client.request({ method: "POST", path, body, schema: z.unknown() }));
  return {
    findProduct: (productId) =>
      inventory.request({
        method: "GET",
        path: `/inventory/${encodeURIComponent(productId)}`,
        schema: productSchema,
      }),
    reserve: (order) =>
      post(inventory, "/reservations", {
        orderId: order.id,
        ...reference(order),
        productId: order.productId,
        quantity: order.quantity,
      }),
    release: (order, reason) =>
      post(inventory, `/reservations/${order.id}/release`, { ...reference(order), reason }),
    charge: (order) =>
      post(payment, "/payments", {
        orderId: order.id,
        ...reference(order),
        amountCents: order.amountCents,
        currency: order.currency,
        paymentToken: order.paymentToken,
      }),
    refund: (order, reason) => post(payment, `/payments/${order.id}/refund`, { ...reference(order), reason }),
    ship: (order) =>
      post(shipping, "/shipments", { orderId: order.id, ...reference(order), address: order.address }),
    cancelShipment: (order, reason) =>
      post(shipping, `/shipments/${order.id}/cancel`, { ...reference(order), reason }),
  };
}

/** The peers over gRPC. `deadlineMs` holds for each call; `close` ends the channels. */
export function createGrpcPeers(options: {
  inventoryTarget: string;
  paymentTarget: string;
  shippingTarget: string;
  deadlineMs: number;
}): Peers & { close(): void } {
  const { deadlineMs } = options;
  const inventory = createGrpcClient({
    service: "symphony.inventory.v1.InventoryService",
    target: options.inventoryTarget,
    deadlineMs,
  });
  const payment = createGrpcClient({
    service: "symphony.payment.v1.PaymentService",
    target: options.paymentTarget,
    deadlineMs,
  });
  const shipping = createGrpcClient({
    service: "symphony.shipping.v1.ShippingService",
    target: options.shippingTarget,
    deadlineMs,
  });
  return {
    async findProduct(productId, quantity) {
      const product = await inventory.checkAvailability({ product_id: productId, quantity });
      return {
        priceCents: product.price_cents,
        currency: product.currency,
        available: product.available_quantity,
      };
    },
    reserve: async (order) =>
      accepted(
        await inventory.reserveInventory({
          ...grpcReference(order),
          product_id: order.productId,
          quantity: order.quantity,
        }),
      ),
    release: async (order, reason) =>
      accepted(await inventory.releaseInventory({ ...grpcReference(order), reason })),
    charge: async (order) =>
      accepted(
        await payment.charge({
          ...grpcReference(order),
          amount_cents: order.amountCents,
          currency: order.currency,
          payment_token: order.paymentToken,
        }),
      ),
    refund: async (order, reason) => accepted(await payment.refund({ ...grpcReference(order), reason })),
    ship: async (order) => {
      const { postalCode, ...address } = order.address;
      accepted(
        await shipping.scheduleShipment({
          ...grpcReference(order),
          address: { ...address, postal_code: postalCode },
        }),
      );
    },
    cancelShipment: async (order, reason) =>
      accepted(await shipping.cancelShipment({ ...grpcReference(order), reason })),
    close() {
      for (const client of [inventory, payment, shipping]) client.close();
    },
  };
}

/** A refusal is an answer in gRPC; here it becomes the error that REST would have given. */
function accepted(answer: { success: boolean; error_code: string; error_message: string }): void {
  if (answer.success) return;
  const code = isErrorCode(answer.error_code) ? answer.error_code : "internal";
  throw new AppError(code, answer.error_message);
}

function reference({ sagaId, userId, pattern }: StepOrder) {
  return { sagaId, userId, pattern };
}

function grpcReference({ id, sagaId, userId, pattern }: StepOrder) {
  return { order_id: id, saga_id: sagaId, user_id: userId, pattern };
}
