import { z } from "zod";

import { decodeCursor, encodeCursor } from "../../lib/cursor";
import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { patterns } from "../../lib/events";
import { type Route, route } from "../../lib/route";
import { failureCodes, type Product, reservationStatuses } from "./inventory";
import { release, reserve } from "./steps";
import { addStock, findProduct, findReservation, listProducts } from "./store";

const maxQuantity = 1_000_000;

export const productIdSchema = z.string().regex(/^[a-z0-9-]{1,64}$/, "1 to 64 of a-z, 0-9 and -");
export const quantitySchema = z.int().min(1).max(maxQuantity);

const reference = { sagaId: z.uuid(), userId: z.uuid(), pattern: z.enum(patterns) };

/** What a reservation needs; gRPC requests are held to the same rules. */
export const reservationRequestSchema = z.strictObject({
  orderId: z.uuid(),
  ...reference,
  productId: productIdSchema,
  quantity: quantitySchema,
});

export const releaseSchema = z.strictObject({ ...reference, reason: z.string().min(1).max(500) });

const productSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    priceCents: z.int().describe("of one piece, in minor units"),
    currency: z.string(),
    available: z.int().describe("pieces that can be reserved at the moment"),
  })
  .meta({ id: "Product" });

const reservationSchema = z
  .object({
    orderId: z.uuid(),
    ...reference,
    productId: z.string().nullable(),
    quantity: z.int(),
    status: z
      .enum(reservationStatuses)
      .describe("void: released before it was reserved, so a later reservation is refused"),
    failureCode: z.enum(failureCodes).nullable(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Reservation" });

const productParams = z.object({ productId: productIdSchema });
const orderParams = z.object({ orderId: z.uuid() });
const cursorSchema = z.strictObject({ after: productIdSchema });
const oneProduct = { 200: { description: "The product.", schema: productSchema } };

/** The products for everybody, and the internal routes by which the order service reserves them. */
export function createRoutes(db: Database): Route[] {
  return [...productRoutes(db), ...reservationRoutes(db)];
}

function productRoutes(db: Database): Route[] {
  return [
    route({
      method: "get",
      path: "/inventory",
      summary: "The catalogue, in the order of the products' ids.",
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(100).default(20),
        cursor: z.string().max(500).optional().describe("nextCursor of the page before"),
      }),
      responses: {
        200: {
          description: "A page; nextCursor is null on the last one.",
          schema: z
            .object({ items: z.array(productSchema), nextCursor: z.string().nullable() })
            .meta({ id: "ProductPage" }),
        },
      },
      async handle({ query: { limit, cursor } }, response) {
        const after = cursor === undefined ? "" : decodeCursor(cursor, cursorSchema).after;
        const found = await listProducts(db, { after, limit: limit + 1 });
        const items = found.slice(0, limit);
        const last = found.length > limit ? items.at(-1) : undefined;
        response.json({ items, nextCursor: last ? encodeCursor({ after: last.id }) : null });
      },
    }),
    route({
      method: "get",
      path: "/inventory/:productId",
      summary: "One product.",
      params: productParams,
      responses: oneProduct,
      errors: ["product.not_found"],
      async handle({ params }, response) {
        response.json(existing(await findProduct(db, params.productId), params.productId));
      },
    }),
    route({
      method: "post",
      path: "/inventory/:productId/restock",
      summary: "Add pieces to a product's stock.",
      access: "admin",
      params: productParams,
      body: z.strictObject({ quantity: quantitySchema }),
      responses: oneProduct,
      errors: ["product.not_found"],
      async handle({ params, body }, response) {
        response.json(existing(await addStock(db, params.productId, body.quantity), params.productId));
      },
    }),
  ];
}

function reservationRoutes(db: Database): Route[] {
  return [
    route({
      method: "post",
      path: "/reservations",
      summary: "Set stock aside for an order. Idempotent by order.",
      body: reservationRequestSchema,
      responses: { 201: { description: "The stock is reserved.", schema: reservationSchema } },
      errors: [
        "inventory.insufficient_stock",
        "product.not_found",
        "order.cancelled",
        "idempotency.key_reused",
      ],
      async handle({ body }, response) {
        response.status(201).json(await reserve(db, body));
      },
    }),
    route({
      method: "post",
      path: "/reservations/:orderId/release",
      summary:
        "Give an order's stock back. Where none is reserved yet, a reservation that arrives later is refused.",
      params: orderParams,
      body: releaseSchema,
      responses: { 200: { description: "The reservation as it is now.", schema: reservationSchema } },
      async handle({ params, body }, response) {
        response.json(await release(db, { orderId: params.orderId, ...body }));
      },
    }),
    route({
      method: "get",
      path: "/reservations/:orderId",
      summary: "The reservation of an order.",
      params: orderParams,
      responses: { 200: { description: "The reservation.", schema: reservationSchema } },
      errors: ["reservation.not_found"],
      async handle({ params }, response) {
        const reservation = await findReservation(db, params.orderId);
        if (!reservation)
          throw new AppError("reservation.not_found", `order ${params.orderId} has no reservation`);
        response.json(reservation);
      },
    }),
  ];
}

function existing(product: Product | undefined, id: string): Product {
  if (!product) throw new AppError("product.not_found", `there is no product "${id}"`);
  return product;
}
