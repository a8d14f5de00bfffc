import { v7 as uuidv7 } from "uuid";

import { type Queryable } from "../../lib/db";

export type Rebuild = {
  id: string;
  status: "running" | "done" | "failed";
  eventsRead: number;
  startedAt: string;
  finishedAt: string | null;
  error: string | null;
};

/** A rebuild that has not been heard of for this long is dead: its process was killed. */
export const heartbeatTimeoutMs = 30_000;

/**
 * Records a new rebuild and returns it, or returns the one that runs: there is never more than one. `started`
 * tells which.
 */
export async function beginRebuild(db: Queryable): Promise<{ rebuild: Rebuild; started: boolean }> {
  await db.query(
    `
    update rebuilds
    set status = 'failed', finished_at = now(), error = 'its process ended'
    where status = 'running' and heartbeat_at < now() - $1 * interval '1 millisecond'
    `,
    [heartbeatTimeoutMs],
  );
  const { rows } = await db.query<{ id: string }>(
    "insert into rebuilds (id) values ($1) on conflict (status) where status = 'running' do nothing returning id",
    [uuidv7()],
  );
  const [created] = rows;
  const rebuild = await findRebuild(db, created?.id);
  if (!rebuild) throw new Error("the rebuild that was running has just ended");
  return { rebuild, started: created !== undefined };
}

/** A rebuild by its id, or the one that runs where `id` is left out. */
export async function findRebuild(db: Queryable, id?: string): Promise<Rebuild | undefined> {
  const { rows } = await db.query<{
    id: string;
    status: Rebuild["status"];
    events_read: number;
    started_at: Date;
    finished_at: Date | null;
    error: string | null;
  }>(
    `
    select id, status, events_read, started_at, finished_at, error
    from rebuilds
    where case when $1::uuid is null then status = 'running' else id = $1 end
    `,
    [id ?? null],
  );
  const [row] = rows;
  return (
    row && {
      id: row.id,
      status: row.status,
      eventsRead: row.events_read,
      startedAt: row.started_at.toISOString(),
      finishedAt: row.finished_at?.toISOString() ?? null,
      error: row.error,
    }
  );
}

/** Says that the rebuild lives and has read `count` more events; false where it has been given up. */
export async function beat(db: Queryable, id: string, count: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `
    update rebuilds set events_read = events_read + $2, heartbeat_at = now()
    where id = $1 and status = 'running'
    `,
    [id, count],
  );
  return rowCount === 1;
}

/** Ends a running rebuild; `error` says why it failed. */
export async function endRebuild(db: Queryable, id: string, error: string | null): Promise<void> {
  await db.query(
    `
    update rebuilds
    set status = case when $2::text is null then 'done' else 'failed' end, finished_at = now(), error = $2
    where id = $1 and status = 'running'
    `,
    [id, error],
  );
}

/** Notes events as read and returns the ids of those that had not been: the stream may hold one twice. */
export async function noteRead(
  db: Queryable,
  id: string,
  events: { id: string; minute: string }[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ event_id: string }>(
    `
    insert into rebuild_events (rebuild_id, event_id, minute)
    select $1, * from unnest($2::uuid[], $3::timestamptz[])
    on conflict do nothing
    returning event_id
    `,
    [id, events.map((event) => event.id), events.map((event) => event.minute)],
  );
  return new Set(rows.map((row) => row.event_id));
}

/** Replaces, in the rebuild's generation, the minutes up to `until` by those of the live one. */
export async function keepMinutes(db: Queryable, id: string, live: string, until: Date): Promise<void> {
  await db.query("delete from order_minutes where generation = $1 and minute <= $2", [id, until]);
  await db.query(
    `
    insert into order_minutes
      (generation, minute, created, confirmed, failed, revenue, confirmed_durations, failed_durations)
    select $1, minute, created, confirmed, failed, revenue, confirmed_durations, failed_durations
    from order_minutes
    where generation = $2 and minute <= $3
    `,
    [id, live, until],
  );
  await db.query("delete from rebuild_events where rebuild_id = $1 and minute <= $2", [id, until]);
}

/**
 * Makes the rebuild's generation the live one. What it counted and the live consumer has not taken yet is
 * kept, so that the consumer passes over it.
 */
export async function goLive(db: Queryable, id: string): Promise<void> {
  await db.query(
    `
    insert into counted_events (event_id)
    select event_id from rebuild_events
    where rebuild_id = $1 and not exists (select from inbox where message_id = event_id)
    on conflict do nothing
    `,
    [id],
  );
  await db.query("update projection set generation = $1", [id]);
  await removeLeftovers(db, id);
  await db.query("delete from rebuild_events where rebuild_id = $1", [id]);
}

/** Removes what neither is live nor belongs to the rebuild `id`. */
export async function removeLeftovers(db: Queryable, id: string): Promise<void> {
  await db.query(
    "delete from order_minutes where generation <> $1 and generation <> (select generation from projection)",
    [id],
  );
  await db.query("delete from rebuild_events where rebuild_id <> $1", [id]);
}
