import { type Queryable } from "../../lib/db";
import { type Counts, emptyTotals, type Minute, type Totals } from "./projection";

/**
 * Which generation is live. It stays so until the transaction ends: a rebuild that wants to take its place
 * waits, and where one just does, this waits for it and returns the new one.
 */
export async function holdGeneration(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ generation: string }>("select generation from projection for share", []);
  return generationOf(rows);
}

/** As `holdGeneration`, but keeps out every other transaction that counts events. */
export async function lockGeneration(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ generation: string }>("select generation from projection for update", []);
  return generationOf(rows);
}

function generationOf(rows: { generation: string }[]): string {
  const [row] = rows;
  if (!row) throw new Error("projection has no row");
  return row.generation;
}

/** Forgets those of `eventIds` that a rebuild has counted, and returns them. */
export async function takeCounted(db: Queryable, eventIds: string[]): Promise<Set<string>> {
  const { rows } = await db.query<{ event_id: string }>(
    "delete from counted_events where event_id = any($1::uuid[]) returning event_id",
    [eventIds],
  );
  return new Set(rows.map((row) => row.event_id));
}

/** Adds to the minutes of a generation; `minutes` are in order, so that replicas do not deadlock. */
export async function addToMinutes(db: Queryable, generation: string, minutes: Minute[]): Promise<void> {
  if (minutes.length === 0) return;
  await db.query(
    `
    insert into order_minutes as m
      (generation, minute, created, confirmed, failed, revenue, confirmed_durations, failed_durations)
    select $1::uuid, *
    from unnest(
      $2::timestamptz[], $3::jsonb[], $4::jsonb[], $5::jsonb[], $6::jsonb[], $7::jsonb[], $8::jsonb[]
    )
    on conflict (generation, minute) do update
    set created = add_counts(m.created, excluded.created),
        confirmed = add_counts(m.confirmed, excluded.confirmed),
        failed = add_counts(m.failed, excluded.failed),
        revenue = add_counts(m.revenue, excluded.revenue),
        confirmed_durations = add_counts(m.confirmed_durations, excluded.confirmed_durations),
        failed_durations = add_counts(m.failed_durations, excluded.failed_durations)
    `,
    [
      generation,
      minutes.map(({ minute }) => minute),
      minutes.map(({ created }) => JSON.stringify(created)),
      minutes.map(({ confirmed }) => JSON.stringify(confirmed)),
      minutes.map(({ failed }) => JSON.stringify(failed)),
      minutes.map(({ revenue }) => JSON.stringify(revenue)),
      minutes.map(({ confirmedDurations }) => JSON.stringify(confirmedDurations)),
      minutes.map(({ failedDurations }) => JSON.stringify(failedDurations)),
    ],
  );
}

/** Minutes from `from` on and before `to` in which something happened, in order. */
export async function listMinutes(
  db: Queryable,
  range: { from: Date; to: Date; limit: number },
): Promise<Minute[]> {
  const { rows } = await db.query<{
    minute: Date;
    created: Counts;
    confirmed: Counts;
    failed: Counts;
    revenue: Counts;
    confirmed_durations: Counts;
    failed_durations: Counts;
  }>(
    `
    select minute, created, confirmed, failed, revenue, confirmed_durations, failed_durations
    from order_minutes join projection using (generation)
    where minute >= $1 and minute < $2
    order by minute
    limit $3
    `,
    [range.from, range.to, range.limit],
  );
  return rows.map(({ minute, confirmed_durations, failed_durations, ...counts }) => ({
    minute: minute.toISOString(),
    ...counts,
    confirmedDurations: confirmed_durations,
    failedDurations: failed_durations,
  }));
}

/** The totals of all minutes from `from` on and before `to`. */
export async function sumMinutes(db: Queryable, range: { from: Date; to: Date }): Promise<Totals> {
  const { rows } = await db.query<{ metric: keyof Totals; key: string; total: number }>(
    `
    select metric, key, sum(value::bigint)::bigint as total
    from order_minutes
      join projection using (generation)
      cross join lateral (values
        ('created', created), ('confirmed', confirmed), ('failed', failed), ('revenue', revenue),
        ('confirmedDurations', confirmed_durations), ('failedDurations', failed_durations)
      ) as metrics (metric, counts)
      cross join lateral jsonb_each_text(counts)
    where minute >= $1 and minute < $2
    group by metric, key
    order by metric, key
    `,
    [range.from, range.to],
  );
  const totals = emptyTotals();
  for (const { metric, key, total } of rows) totals[metric][key] = total;
  return totals;
}
