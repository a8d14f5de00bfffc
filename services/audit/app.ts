import { z } from "zod";

import { decodeCursor, encodeCursor } from "../../lib/cursor";
import { type Database } from "../../lib/db";
import { type Route, route } from "../../lib/route";
import { listRecorded, type Recorded } from "./store";
import { verifyChain } from "./verify";

const cursorSchema = z.strictObject({ after: z.int().nonnegative() });
const hashSchema = z.string().describe("SHA-256 in hexadecimal digits");

const recordSchema = z
  .object({
    seq: z.int(),
    eventId: z.uuid(),
    name: z.string(),
    orderId: z.uuid(),
    correlationId: z.string(),
    occurredAt: z.iso.datetime(),
    recordedAt: z.iso.datetime(),
    data: z.record(z.string(), z.unknown()).describe("the event's data without personal and payment fields"),
    prevHash: hashSchema,
    hash: hashSchema,
  })
  .meta({ id: "AuditRecord" });

const verificationSchema = z
  .object({
    valid: z.boolean(),
    checked: z.int().describe("rows that hold"),
    head: z.object({ seq: z.int(), hash: hashSchema }),
    brokenAt: z.int().optional().describe("seq of the first row that does not hold"),
    reason: z.string().optional(),
  })
  .meta({ id: "AuditVerification" });

/** The routes of audit. */
export function createRoutes(deps: { db: Database }): Route[] {
  return [
    route({
      method: "get",
      path: "/audit",
      summary: "Recorded events in the order of the chain",
      query: z.strictObject({
        correlationId: z.string().min(1).max(128).optional(),
        orderId: z.uuid().optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
        cursor: z.string().optional(),
      }),
      responses: {
        200: {
          description: "One page; nextCursor is null on the last one",
          schema: z.object({ items: z.array(recordSchema), nextCursor: z.string().nullable() }),
        },
      },
      errors: ["request.invalid"],
      handle: async ({ query }, response) => {
        const { correlationId, orderId, limit, cursor } = query;
        const after = cursor === undefined ? 0 : decodeCursor(cursor, cursorSchema).after;
        const found = await listRecorded(deps.db, { correlationId, orderId, after, limit: limit + 1 });
        const page = found.slice(0, limit);
        const last = page.at(-1);
        const nextCursor = found.length > limit && last ? encodeCursor({ after: last.seq }) : null;
        response.json({ items: page.map(toJson), nextCursor });
      },
    }),
    route({
      method: "get",
      path: "/audit/verify",
      summary: "Walk the hash chain from its first row to its head",
      responses: { 200: { description: "What the walk found", schema: verificationSchema } },
      handle: async (_request, response) => {
        const { head, ...found } = await verifyChain(deps.db);
        response.json({ ...found, head: { seq: head.seq, hash: head.hash.toString("hex") } });
      },
    }),
  ];
}

function toJson(record: Recorded) {
  return { ...record, prevHash: record.prevHash.toString("hex"), hash: record.hash.toString("hex") };
}
