import { type Queryable } from "./db";

/** A row that this relay has claimed. */
export type OutboxRow = {
  id: string;
  seq: number;
  aggregate_id: string;
  subject: string;
  type: string;
  data: string;
  traceparent: string | null;
  correlation_id: string;
  occurred_at: Date;
};

/** Settings of the connections that claim and mark. */
export const relaySettings = {
  // Commits do not wait for the disk. What a crash of Postgres takes back is a claim or a mark, never an event:
  // the event is then sent once more, which the broker's duplicate window and the inboxes absorb.
  synchronous_commit: "off",
  // The statistics of a queue are always out of date: it was empty a moment ago. With them the planner sorts
  // the whole backlog for each batch (228 ms instead of 5 with 20,000 rows), so only index scans are left to it.
  enable_seqscan: "off",
  enable_bitmapscan: "off",
  enable_sort: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
};

/**
 * Claims up to `limit` due rows for `leaseMs` and returns them in the order of an aggregate. Rows are found
 * by their status, never by a sequence that was passed already: a slow transaction commits an earlier number
 * later. A row waits while an earlier one of its aggregate is unsent in another relay's hands or in its
 * back-off; one that is in the same batch is sent first.
 */
export async function claimDue(db: Queryable, limit: number, leaseMs: number): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>(
    `with candidates as materialized (
       select id, aggregate_id, seq
         from outbox as row
        where status = 'pending' and due_at <= now()
          and not exists (
            select from outbox as earlier
             where earlier.status = 'pending' and earlier.aggregate_id = row.aggregate_id
               and earlier.seq < row.seq and earlier.due_at > now())
        order by seq
        limit $1
          for update of row skip locked),
     claimable as materialized (
       select id
         from candidates
        where not exists (
            select from outbox as earlier
             where earlier.status = 'pending' and earlier.aggregate_id = candidates.aggregate_id
               and earlier.seq < candidates.seq and earlier.id not in (select id from candidates)))
     update outbox
        set due_at = now() + $2::integer * interval '1 ms'
       from claimable
      where outbox.id = claimable.id
     returning outbox.id, seq, aggregate_id, subject, type, data, traceparent, correlation_id, occurred_at`,
    [limit, leaseMs],
  );
  return rows.sort((a, b) => a.seq - b.seq);
}

/** The broker has these. */
export async function markPublished(db: Queryable, ids: string[]): Promise<void> {
  await db.query(
    `update outbox
        set status = 'published', published_at = now(), last_error = null
      where id = any($1::uuid[])`,
    [ids],
  );
}

/** Gives claimed rows back, to be sent at once by whoever comes first. */
export async function release(db: Queryable, ids: string[]): Promise<void> {
  await db.query("update outbox set due_at = now() where id = any($1::uuid[]) and status = 'pending'", [ids]);
}

/**
 * The broker refused these for their own sake: back-off of attempt² × `unitMs`, and parked after `limit`
 * attempts. Returns those that were parked.
 */
export async function recordRefusals(
  db: Queryable,
  refusals: { id: string; reason: string }[],
  { limit, unitMs }: { limit: number; unitMs: number },
): Promise<{ id: string; subject: string }[]> {
  const { rows } = await db.query<{ id: string; subject: string; status: string }>(
    `update outbox
        set attempts = attempts + 1,
            status = case when attempts + 1 >= $3 then 'parked' else 'pending' end,
            due_at = now() + (attempts + 1) * (attempts + 1) * $4::integer * interval '1 ms',
            last_error = refused.reason
       from unnest($1::uuid[], $2::text[]) as refused (id, reason)
      where outbox.id = refused.id
     returning outbox.id, subject, status`,
    [refusals.map((one) => one.id), refusals.map((one) => one.reason), limit, unitMs],
  );
  return rows.filter((row) => row.status === "parked").map(({ id, subject }) => ({ id, subject }));
}

/** How many rows wait, since how many seconds the oldest does, and how many are parked. */
export async function outboxState(
  db: Queryable,
): Promise<{ pending: number; oldestSeconds: number; parked: number }> {
  const { rows } = await db.query<{ pending: number; oldest: number | null; parked: number }>(
    `select (select count(*) from outbox where status = 'pending') as pending,
            (select extract(epoch from now() - occurred_at)::float8
               from outbox where status = 'pending' order by seq limit 1) as oldest,
            (select count(*) from outbox where status = 'parked') as parked`,
    [],
  );
  const [row] = rows;
  return {
    pending: row?.pending ?? 0,
    oldestSeconds: Math.max(0, row?.oldest ?? 0),
    parked: row?.parked ?? 0,
  };
}

/** The smallest UUIDv7 of a moment. Ids are in time order, so the primary key finds rows by age. */
export function firstIdOf(moment: Date): string {
  const hex = moment.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

/** Deletes up to `limit` rows that were written and published before `olderThan`; returns how many. */
export async function purgeOutbox(db: Queryable, olderThan: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from outbox where id in
       (select id from outbox
         where id < $1 and status = 'published' and published_at < $2
         order by id limit $3)`,
    [firstIdOf(olderThan), olderThan, limit],
  );
  return rowCount ?? 0;
}

/**
 * Makes up to `limit` published or parked rows pending again, with ids above `after` and up to `until`, in
 * the order of their ids. Returns the last id it looked at; undefined where there was none.
 */
export async function republish(
  db: Queryable,
  after: string,
  until: string,
  limit: number,
): Promise<{ count: number; lastId: string | undefined }> {
  const { rows } = await db.query<{ id: string }>(
    `with chosen as (
       select id from outbox
        where id > $1 and id <= $2 and status <> 'pending'
        order by id limit $3
          for update)
     update outbox
        set status = 'pending', due_at = now(), attempts = 0
       from chosen
      where outbox.id = chosen.id
     returning outbox.id`,
    [after, until, limit],
  );
  const lastId = rows
    .map((row) => row.id)
    .sort()
    .at(-1);
  return { count: rows.length, lastId };
}
