import { z } from "zod";

import { decodeCursor, encodeCursor } from "../../lib/cursor";
import { type Database } from "../../lib/db";
import { type Route, route } from "../../lib/route";
import { kinds } from "./mail";
import { listNotifications } from "./store";

const cursorSchema = z.strictObject({ after: z.uuid() });

const notificationSchema = z
  .object({
    kind: z.enum(kinds),
    status: z.enum(["queued", "sent", "failed"]),
    subject: z.string(),
    sentAt: z.iso.datetime().nullable(),
  })
  .meta({ id: "Notification" });

/** The routes of notification. */
export function createRoutes(deps: { db: Database }): Route[] {
  return [
    route({
      method: "get",
      path: "/notifications",
      summary: "The mails of an order, oldest first",
      query: z.strictObject({
        orderId: z.uuid(),
        limit: z.coerce.number().int().min(1).max(100).default(20),
        cursor: z.string().optional(),
      }),
      responses: {
        200: {
          description: "One page; nextCursor is null on the last one",
          schema: z.object({ items: z.array(notificationSchema), nextCursor: z.string().nullable() }),
        },
      },
      errors: ["request.invalid"],
      handle: async ({ query }, response) => {
        const { orderId, limit, cursor } = query;
        const after = cursor === undefined ? undefined : decodeCursor(cursor, cursorSchema).after;
        const found = await listNotifications(deps.db, { orderId, after, limit: limit + 1 });
        const page = found.slice(0, limit);
        const last = page.at(-1);
        const nextCursor = found.length > limit && last ? encodeCursor({ after: last.id }) : null;
        response.json({
          items: page.map(({ kind, status, subject, sentAt }) => ({ kind, status, subject, sentAt })),
          nextCursor,
        });
      },
    }),
  ];
}
