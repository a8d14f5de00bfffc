import { type Response } from "express";
import { z } from "zod";

import { type Identity } from "../../lib/auth";
import { decodeCursor, encodeCursor } from "../../lib/cursor";
import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Address, addressSchema, patterns } from "../../lib/events";
import { PROBLEM_TYPE } from "../../lib/problem";
import { type Route, route } from "../../lib/route";
import { type OrderFeed } from "./feed";
import { isTerminal, type Order } from "./order";
import { type PlaceDeps, placeOrder } from "./place";
import { findOrder, listOrders, readSteps } from "./store";
import { orderSchema, orderView, stepSchema, stepView } from "./view";

/** Where an order goes that names no address. */
export const demoAddress: Address = {
  line1: "Herbert-von-Karajan-Str. 1",
  city: "Berlin",
  postalCode: "10785",
  country: "DE",
};

const newOrderSchema = z
  .strictObject({
    productId: z.string().regex(/^[a-z0-9-]{1,64}$/, "1 to 64 of a-z, 0-9 and -"),
    quantity: z.int().min(1).max(100),
    paymentToken: z
      .string()
      .regex(/^[\x21-\x7e]{1,100}$/, "1 to 100 printable characters without blanks")
      .default("tok_ok")
      .describe("a test token of payment"),
    address: addressSchema.default(demoAddress),
  })
  .meta({ id: "NewOrder" });

const orderParams = z.object({ orderId: z.uuid() });

/** The public REST API; every route needs a token. */
export function createRoutes(deps: PlaceDeps & { feed: OrderFeed }): Route[] {
  const { db, feed } = deps;
  return [
    route({
      method: "post",
      path: "/orders",
      summary: "Place an order. The same Idempotency-Key and body are answered the same again.",
      access: "user",
      query: z.strictObject({ pattern: z.enum(patterns).default("saga") }),
      headers: z.object({
        "idempotency-key": z
          .string()
          .regex(/^[\x20-\x7e]{0,255}$/, "1 to 255 printable characters")
          .optional()
          .describe("required; chosen by the client, new for each order it means to place"),
      }),
      body: newOrderSchema,
      responses: {
        201: { description: "Confirmed (patterns rest and grpc).", schema: orderSchema },
        202: { description: "Accepted (patterns events and saga).", schema: orderSchema },
      },
      errors: [
        "idempotency.key_missing",
        "idempotency.key_reused",
        "idempotency.in_progress",
        "product.not_found",
        "inventory.insufficient_stock",
        "payment.declined",
        "payment.insufficient_funds",
        "payment.token_unknown",
        "payment.provider_error",
        "shipping.destination_refused",
        "shipping.no_capacity",
        "order.cancelled",
        "peer.timeout",
        "peer.unavailable",
      ],
      async handle({ query, headers, body, identity }, response) {
        const key = headers["idempotency-key"];
        if (!key) throw new AppError("idempotency.key_missing", "send an Idempotency-Key of your choice");
        const answer = await placeOrder(deps, { identity, key, pattern: query.pattern, body });
        if (answer.replayed) response.set("Idempotent-Replayed", "true");
        // Relative, so that it holds behind the gateway's /api too.
        if ("id" in answer.body) response.location(`orders/${String(answer.body.id)}`);
        else response.type(PROBLEM_TYPE);
        response.status(answer.status).json(answer.body);
      },
    }),
    route({
      method: "get",
      path: "/orders",
      summary: "Your own orders, newest first.",
      access: "user",
      query: z.strictObject({
        limit: z.coerce.number().int().min(1).max(100).default(20),
        cursor: z.string().max(500).optional(),
      }),
      responses: {
        200: {
          description: "A page; nextCursor is null on the last one.",
          schema: z.object({ items: z.array(orderSchema), nextCursor: z.string().nullable() }),
        },
      },
      async handle({ query, identity }, response) {
        const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, z.uuid());
        const page = { userId: identity.userId, before, limit: query.limit + 1 };
        const found = await listOrders(db, page);
        const items = found.slice(0, query.limit);
        const last = found.length > query.limit ? items.at(-1) : undefined;
        response.json({ items: items.map(orderView), nextCursor: last ? encodeCursor(last.id) : null });
      },
    }),
    route({
      method: "get",
      path: "/orders/:orderId",
      summary: "One order.",
      access: "user",
      params: orderParams,
      responses: { 200: { description: "The order.", schema: orderSchema } },
      errors: ["order.not_found"],
      async handle({ params, identity }, response) {
        response.json(orderView(await readOrder(db, params.orderId, identity)));
      },
    }),
    route({
      method: "get",
      path: "/orders/:orderId/timeline",
      summary: "What has happened to an order.",
      access: "user",
      params: orderParams,
      responses: {
        200: { description: "Its steps by time.", schema: z.object({ items: z.array(stepSchema) }) },
      },
      errors: ["order.not_found"],
      async handle({ params, identity }, response) {
        await readOrder(db, params.orderId, identity);
        const steps = await readSteps(db, params.orderId);
        // Events may arrive out of order; a person reads them by the time at which they happened.
        steps.sort((a, b) => a.at.getTime() - b.at.getTime() || a.id - b.id);
        response.json({ items: steps.map(stepView) });
      },
    }),
    route({
      method: "get",
      path: "/orders/:orderId/events",
      summary: "Server-sent events of an order: its state, each step as it happens, its terminal state.",
      access: "user",
      params: orderParams,
      headers: z.object({
        "last-event-id": z
          .string()
          .regex(/^\d{1,15}$/, "the id of an event of this stream")
          .optional(),
      }),
      responses: {
        200: { description: "The stream.", schema: z.string(), contentType: "text/event-stream" },
        204: { description: "Everything was sent before: do not connect again." },
      },
      errors: ["order.not_found"],
      async handle({ params, headers, identity }, response) {
        const order = await readOrder(db, params.orderId, identity);
        const lastSeen = Number(headers["last-event-id"] ?? 0);
        if (lastSeen > 0 && (await hasNothingNew(db, order, lastSeen))) {
          response.status(204).end();
          return;
        }
        startEventStream(response);
        await feed.send(response, order, lastSeen);
      },
    }),
  ];
}

/** An order of the asker, or any for an administrator; whether other orders exist does not show. */
async function readOrder(db: Database, orderId: string, identity: Identity): Promise<Order> {
  const order = await findOrder(db, orderId);
  if (order && (order.userId === identity.userId || identity.isAdmin)) return order;
  throw new AppError("order.not_found", `order ${orderId} does not exist`);
}

async function hasNothingNew(db: Database, order: Order, lastSeen: number): Promise<boolean> {
  return isTerminal(order.status) && (await readSteps(db, order.id)).every(({ id }) => id <= lastSeen);
}

function startEventStream(response: Response): void {
  response.set({
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
  });
  response.flushHeaders();
}
