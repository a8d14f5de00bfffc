import type { Queryable } from "../../lib/db";

export type Usage = { minuteUsed: number; minuteLeftMs: number; hourUsed: number; hourLeftMs: number };

/**
 * Counts one request and tells what is used: one statement for both windows, where rate-limiter-flexible's
 * Postgres store takes one for each. A request that the minute refuses uses nothing of the hour. `limit + 1`
 * means refused, and counting stops there. The database's clock counts, the same for all replicas.
 */
export async function countRequest(
  db: Queryable,
  key: { client: string; route: string },
  limits: { perMinute: number | undefined; perHour: number | undefined },
): Promise<Usage> {
  const { rows } = await db.query<{
    minute_used: number;
    minute_left_ms: number;
    hour_used: number;
    hour_left_ms: number;
  }>(
    `insert into rate_limits as r (client, route, minute_used, minute_ends_at, hour_used, hour_ends_at)
     values ($1, $2, 1, now() + interval '1 minute', 1, now() + interval '1 hour')
     on conflict (client, route) do update set
       minute_used = case
         when r.minute_ends_at <= now() then 1
         else least(r.minute_used + 1, $3::integer + 1)
       end,
       minute_ends_at = case when r.minute_ends_at <= now() then now() + interval '1 minute' else r.minute_ends_at end,
       hour_used = case
         when r.minute_ends_at > now() and r.minute_used >= $3::integer then
           case when r.hour_ends_at <= now() then 0 else r.hour_used end
         when r.hour_ends_at <= now() then 1
         else least(r.hour_used + 1, $4::integer + 1)
       end,
       hour_ends_at = case when r.hour_ends_at <= now() then now() + interval '1 hour' else r.hour_ends_at end
     returning
       minute_used,
       (extract(epoch from minute_ends_at - now()) * 1000)::float8 as minute_left_ms,
       hour_used,
       (extract(epoch from hour_ends_at - now()) * 1000)::float8 as hour_left_ms`,
    [key.client, key.route, limits.perMinute ?? null, limits.perHour ?? null],
  );
  const row = rows[0];
  if (!row) throw new Error("the counter gave no row");
  return {
    minuteUsed: row.minute_used,
    minuteLeftMs: row.minute_left_ms,
    hourUsed: row.hour_used,
    hourLeftMs: row.hour_left_ms,
  };
}

/** Forgets the counters whose windows are both over. */
export async function deleteOldCounters(db: Queryable): Promise<void> {
  await db.query("delete from rate_limits where hour_ends_at < now() and minute_ends_at < now()");
}
