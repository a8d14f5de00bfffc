import { type Queryable } from "../../lib/db";
import { type Head, type Link } from "./chain";

/** A row as the API shows it. */
export type Recorded = Omit<Link, "occurredAtMicros" | "recordedAtMicros"> & {
  occurredAt: Date;
  recordedAt: Date;
};

/**
 * Locks the end of the chain until the transaction ends and returns it, with those of `eventIds` that are
 * recorded already.
 */
export async function lockHead(db: Queryable, eventIds: string[]): Promise<Head & { recorded: Set<string> }> {
  const { rows } = await db.query<Head & { recorded: string[] }>(
    `
    select seq, hash, array(select event_id from audit_log where event_id = any($1::uuid[])) as recorded
    from audit_head
    for update
    `,
    [eventIds],
  );
  const [head] = rows;
  if (!head) throw new Error("audit_head has no row");
  return { ...head, recorded: new Set(head.recorded) };
}

/** Appends links and moves the head to the last of them: one statement. The head must be locked. */
export async function append(db: Queryable, links: Link[]): Promise<void> {
  const last = links.at(-1);
  if (!last) return;
  await db.query(
    `
    with moved as (update audit_head set seq = $11, hash = $12)
    insert into audit_log
      (seq, event_id, name, order_id, correlation_id, occurred_at, recorded_at, data, prev_hash, hash)
    select seq, event_id, name, order_id, correlation_id,
      to_timestamp(0) + occurred_at * interval '1 microsecond',
      to_timestamp(0) + recorded_at * interval '1 microsecond',
      data, prev_hash, hash
    from unnest(
      $1::bigint[], $2::uuid[], $3::text[], $4::uuid[], $5::text[],
      $6::bigint[], $7::bigint[], $8::jsonb[], $9::bytea[], $10::bytea[]
    ) as l (seq, event_id, name, order_id, correlation_id, occurred_at, recorded_at, data, prev_hash, hash)
    `,
    [
      links.map((link) => link.seq),
      links.map((link) => link.eventId),
      links.map((link) => link.name),
      links.map((link) => link.orderId),
      links.map((link) => link.correlationId),
      links.map((link) => link.occurredAtMicros),
      links.map((link) => link.recordedAtMicros),
      links.map((link) => JSON.stringify(link.data)),
      links.map((link) => link.prevHash),
      links.map((link) => link.hash),
      last.seq,
      last.hash,
    ],
  );
}

/** The end of the chain and the greatest seq that there is, of one moment. */
export async function readHead(db: Queryable): Promise<Head & { lastSeq: number }> {
  const { rows } = await db.query<Head & { last_seq: number }>(
    "select seq, hash, coalesce((select max(seq) from audit_log), 0) as last_seq from audit_head",
  );
  const [head] = rows;
  if (!head) throw new Error("audit_head has no row");
  return { seq: head.seq, hash: head.hash, lastSeq: head.last_seq };
}

/** Up to `limit` links behind `after` and up to `last`, in order. */
export async function readLinks(db: Queryable, after: number, last: number, limit: number): Promise<Link[]> {
  const { rows } = await db.query<Row & { occurred: number; recorded: number }>(
    `
    select seq, event_id, name, order_id, correlation_id, data, prev_hash, hash,
      (extract(epoch from occurred_at) * 1000000)::bigint as occurred,
      (extract(epoch from recorded_at) * 1000000)::bigint as recorded
    from audit_log
    where seq > $1 and seq <= $2
    order by seq
    limit $3
    `,
    [after, last, limit],
  );
  return rows.map((row) => ({
    ...fromRow(row),
    occurredAtMicros: row.occurred,
    recordedAtMicros: row.recorded,
  }));
}

/** What was recorded of an order, of a correlation id, of both, or of all, behind `after`, in order. */
export async function listRecorded(
  db: Queryable,
  page: { correlationId: string | undefined; orderId: string | undefined; after: number; limit: number },
): Promise<Recorded[]> {
  const values: unknown[] = [page.after, page.limit];
  const conditions = ["seq > $1"];
  // Only the conditions that are asked for, so that each combination has a plan that uses its index.
  if (page.correlationId !== undefined)
    conditions.push(`correlation_id = $${values.push(page.correlationId)}`);
  if (page.orderId !== undefined) conditions.push(`order_id = $${values.push(page.orderId)}`);
  const { rows } = await db.query<Row & { occurred_at: Date; recorded_at: Date }>(
    `
    select seq, event_id, name, order_id, correlation_id, occurred_at, recorded_at, data, prev_hash, hash
    from audit_log
    where ${conditions.join(" and ")}
    order by seq
    limit $2
    `,
    values,
  );
  return rows.map((row) => ({ ...fromRow(row), occurredAt: row.occurred_at, recordedAt: row.recorded_at }));
}

type Row = {
  seq: number;
  event_id: string;
  name: string;
  order_id: string;
  correlation_id: string;
  data: unknown;
  prev_hash: Buffer;
  hash: Buffer;
};

function fromRow(row: Row) {
  return {
    seq: row.seq,
    eventId: row.event_id,
    name: row.name,
    orderId: row.order_id,
    correlationId: row.correlation_id,
    data: row.data,
    prevHash: row.prev_hash,
    hash: row.hash,
  };
}
