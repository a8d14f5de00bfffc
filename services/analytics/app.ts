import { z } from "zod";

import { decodeCursor, encodeCursor } from "../../lib/cursor";
import { type Database } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Route, route } from "../../lib/route";
import { maxRelativeError } from "./histogram";
import { minuteOf, toJson } from "./projection";
import { type Rebuilder } from "./rebuild";
import { findRebuild } from "./rebuild-store";
import { listMinutes, sumMinutes } from "./store";

const hourMs = 60 * 60 * 1000;
const maxMinutesRangeMs = 24 * hourMs;
const maxSummaryRangeMs = 7 * 24 * hourMs;

const range = {
  from: z.iso.datetime().optional().describe("the first minute; an hour before `to` where it is left out"),
  to: z.iso.datetime().optional().describe("behind the last minute; now where it is left out"),
};
const cursorSchema = z.strictObject({ from: z.iso.datetime() });

const counts = z.record(z.string(), z.int());
const duration = z
  .object({ p50: z.int(), p95: z.int(), p99: z.int() })
  .nullable()
  .describe(`percentiles in ms, off by at most ${(maxRelativeError * 100).toFixed(1)} %`);
const totals = {
  orders: z.object({ total: z.int(), byPattern: counts }),
  confirmed: z.object({ total: z.int(), byPattern: counts, durationMs: duration }),
  failed: z.object({ total: z.int(), byReason: counts, durationMs: duration }),
  revenue: z.array(z.object({ currency: z.string(), amountCents: z.int() })).describe("of confirmed orders"),
};
const minuteSchema = z.object({ minute: z.iso.datetime(), ...totals }).meta({ id: "Minute" });
const summarySchema = z
  .object({ from: z.iso.datetime(), to: z.iso.datetime(), ...totals })
  .meta({ id: "Summary" });
const rebuildSchema = z
  .object({
    id: z.uuid(),
    status: z.enum(["running", "done", "failed"]),
    eventsRead: z.int(),
    startedAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().nullable(),
    error: z.string().nullable(),
  })
  .meta({ id: "Rebuild" });

/** The routes of analytics. */
export function createRoutes(deps: { db: Database; rebuilder: Rebuilder }): Route[] {
  return [minutes(deps.db), summary(deps.db), startRebuild(deps.rebuilder), readRebuild(deps.db)];
}

function minutes(db: Database): Route {
  return route({
    method: "get",
    path: "/analytics/minutes",
    summary: "Minutes in which something happened, at most 24 hours of them",
    query: z.strictObject({
      ...range,
      limit: z.coerce.number().int().min(1).max(1440).default(240),
      cursor: z.string().optional(),
    }),
    responses: {
      200: {
        description: "One page; nextCursor is null on the last one",
        schema: z.object({ items: z.array(minuteSchema), nextCursor: z.string().nullable() }),
      },
    },
    errors: ["request.invalid"],
    handle: async ({ query }, response) => {
      const { from, to } = boundedRange(query, maxMinutesRangeMs);
      const start =
        query.cursor === undefined ? from : new Date(decodeCursor(query.cursor, cursorSchema).from);
      const found = await listMinutes(db, { from: start, to, limit: query.limit + 1 });
      const page = found.slice(0, query.limit);
      const next = found[query.limit];
      response.json({
        items: page.map(({ minute, ...rest }) => ({ minute, ...toJson(rest) })),
        nextCursor: next ? encodeCursor({ from: next.minute }) : null,
      });
    },
  });
}

function summary(db: Database): Route {
  return route({
    method: "get",
    path: "/analytics/summary",
    summary: "The totals of a time of at most 7 days",
    query: z.strictObject(range),
    responses: { 200: { description: "The totals", schema: summarySchema } },
    errors: ["request.invalid"],
    handle: async ({ query }, response) => {
      const { from, to } = boundedRange(query, maxSummaryRangeMs);
      const sums = await sumMinutes(db, { from, to });
      response.json({ from: from.toISOString(), to: to.toISOString(), ...toJson(sums) });
    },
  });
}

function startRebuild(rebuilder: Rebuilder): Route {
  return route({
    method: "post",
    path: "/analytics/rebuild",
    summary: "Build the projection anew from the stream",
    responses: { 202: { description: "The rebuild that runs now, new or not", schema: rebuildSchema } },
    errors: ["peer.unavailable"],
    handle: async (_request, response) => {
      const rebuild = await rebuilder.start();
      response.status(202).location(`/analytics/rebuilds/${rebuild.id}`).json(rebuild);
    },
  });
}

function readRebuild(db: Database): Route {
  return route({
    method: "get",
    path: "/analytics/rebuilds/:rebuildId",
    summary: "How a rebuild stands",
    params: z.object({ rebuildId: z.uuid() }),
    responses: { 200: { description: "The rebuild", schema: rebuildSchema } },
    errors: ["request.invalid", "rebuild.not_found"],
    handle: async ({ params }, response) => {
      const rebuild = await findRebuild(db, params.rebuildId);
      if (!rebuild) throw new AppError("rebuild.not_found", `rebuild ${params.rebuildId} does not exist`);
      response.json(rebuild);
    },
  });
}

/** The minutes asked for; both ends are whole minutes. Throws request.invalid for more than `maxMs`. */
function boundedRange(query: { from?: string | undefined; to?: string | undefined }, maxMs: number) {
  const to = query.to === undefined ? new Date(Date.now() + 60_000) : new Date(query.to);
  const from = query.from === undefined ? new Date(to.getTime() - hourMs) : new Date(query.from);
  const whole = { from: new Date(minuteOf(from.toISOString())), to: new Date(minuteOf(to.toISOString())) };
  const problem =
    from > to
      ? "is before `from`"
      : to.getTime() - from.getTime() > maxMs
        ? `is more than ${maxMs / hourMs} hours after \`from\``
        : undefined;
  if (problem)
    throw new AppError("request.invalid", `to ${problem}`, { errors: [{ path: "to", message: problem }] });
  return whole;
}
