import { z } from "zod";

import { AppError } from "../../lib/errors";
import { createHttpClient, type HttpClient } from "../../lib/http-client";

const part = z.looseObject({});

export const detailsSchema = z
  .object({
    order: part.describe("as GET /api/orders/{orderId} has it"),
    payment: part.nullable().describe("null: there is none, or it is missing"),
    shipment: part.nullable().describe("null: there is none, or it is missing"),
    notifications: z.array(part).nullable().describe("mails sent about the order; null where missing"),
    missing: z.array(z.string()).describe("services that could not be asked"),
  })
  .meta({ id: "OrderDetails" });
export type OrderDetails = z.infer<typeof detailsSchema>;

/** The order is what was asked for; the rest is worth waiting for less. */
const orderDeadlineMs = 5_000;
const partDeadlineMs = 2_000;

/** A part that does not exist is null; one that could not be asked for is null and named in `missing`. */
async function optional<T>(service: string, missing: string[], work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.httpStatus !== 404) missing.push(service);
    return null;
  }
}

export type Composer = (request: { orderId: string; authorization: string }) => Promise<OrderDetails>;

/**
 * Composes one view of an order out of four services, asked at once. The order service decides with the
 * user's own token whether the user may see it: where it refuses, so does this, and nothing else gets out.
 */
export function createComposer(urls: {
  order: string;
  payment: string;
  shipping: string;
  notification: string;
}): Composer {
  const client = (peer: keyof typeof urls): HttpClient =>
    createHttpClient({
      peer,
      baseUrl: urls[peer],
      deadlineMs: peer === "order" ? orderDeadlineMs : partDeadlineMs,
    });
  const orders = client("order");
  const payments = client("payment");
  const shipments = client("shipping");
  const mails = client("notification");

  return async ({ orderId, authorization }) => {
    const missing: string[] = [];
    const id = encodeURIComponent(orderId);
    const get = { method: "get" };
    const [order, payment, shipment, notifications] = await Promise.all([
      orders.request({ ...get, path: `/orders/${id}`, headers: { authorization }, schema: part }),
      optional("payment", missing, payments.request({ ...get, path: `/payments/${id}`, schema: part })),
      optional("shipping", missing, shipments.request({ ...get, path: `/shipments/${id}`, schema: part })),
      optional(
        "notification",
        missing,
        mails.request({
          ...get,
          path: "/notifications",
          query: { orderId },
          schema: z.object({ items: z.array(part) }),
        }),
      ),
    ]);
    return { order, payment, shipment, notifications: notifications?.items ?? null, missing: missing.sort() };
  };
}
