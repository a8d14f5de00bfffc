import { type Queryable } from "./db";

/**
 * Marks events as taken and returns the ids that were new. It belongs in the transaction of their effect.
 * Where another transaction took one of them and is still running, this waits for its end.
 */
export async function takeNew(db: Queryable, ids: string[]): Promise<Set<string>> {
  // Sorted, so that two replicas with the same events wait for each other and do not deadlock.
  const { rows } = await db.query<{ message_id: string }>(
    `insert into inbox (message_id)
     select id from unnest($1::uuid[]) as id order by id
     on conflict do nothing
     returning message_id`,
    [ids],
  );
  return new Set(rows.map((row) => row.message_id));
}

/** Forgets up to `limit` events that came before the broker's oldest; returns how many. */
export async function purgeInbox(db: Queryable, olderThan: Date, limit: number): Promise<number> {
  const { rowCount } = await db.query(
    `delete from inbox where message_id in
       (select message_id from inbox where received_at < $1 limit $2)`,
    [olderThan, limit],
  );
  return rowCount ?? 0;
}

/** Whether an event has taken effect here. */
export async function isTaken(db: Queryable, id: string): Promise<boolean> {
  const { rows } = await db.query("select 1 from inbox where message_id = $1", [id]);
  return rows.length > 0;
}
