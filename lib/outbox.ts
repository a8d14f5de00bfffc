import { trace } from "@opentelemetry/api";
import { v7 as uuidv7 } from "uuid";

import { currentCorrelationId } from "./context";
import { type Transaction } from "./db";
import { type EventData, type EventName, eventType } from "./events";
import { type Carrier, injectTrace } from "./telemetry";

/** What the database emits when a transaction with a new outbox row is committed. */
export const outboxEvent = "outbox";

type Row = {
  id: string;
  aggregateId: string;
  name: EventName;
  data: string;
  traceparent: string | null;
  correlationId: string;
  occurredAt: Date;
};

/** What each running transaction will have written when it commits. */
const rowsOf = new WeakMap<Transaction, Row[]>();

/**
 * Puts an event in the outbox, in the transaction of the change that it tells of: both happen or neither.
 * The order is its aggregate. The running trace and correlation id go with it. All events of a transaction
 * are written together, right before its commit. Where nobody publishes (`SYNCHRONOUS_CHAIN`) nothing is put there.
 */
export function enqueue<N extends EventName>(tx: Transaction, name: N, data: EventData<N>): void {
  if (!tx.publishes) return;
  let rows = rowsOf.get(tx);
  if (rows === undefined) {
    const fresh: Row[] = [];
    rowsOf.set(tx, (rows = fresh));
    tx.beforeCommit(() => insertRows(tx, fresh));
    // NOTIFY would serialise the commits of all writers, and every writer has a relay in its own process to
    // wake. Rows of a process that died are found by the other relays' polling.
    tx.afterCommit(outboxEvent);
  }
  const carrier: Carrier = injectTrace({});
  const id = uuidv7();
  // The event's own span is the relay's: whoever asked for it does not wait for the broker.
  trace
    .getActiveSpan()
    ?.addEvent("outbox.enqueue", { "messaging.destination.name": name, "messaging.message.id": id });
  rows.push({
    id,
    aggregateId: data.order_id,
    name,
    data: JSON.stringify(data),
    traceparent: carrier.traceparent ?? null,
    correlationId: currentCorrelationId(),
    occurredAt: new Date(),
  });
}

async function insertRows(tx: Transaction, rows: Row[]): Promise<void> {
  // In the order of the array: it is the order of an aggregate's events.
  await tx.query(
    `insert into outbox (id, aggregate_id, subject, type, data, traceparent, correlation_id, occurred_at)
     select id, aggregate_id, subject, type, data, traceparent, correlation_id, occurred_at
       from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                   $8::timestamptz[]) with ordinality
         as row (id, aggregate_id, subject, type, data, traceparent, correlation_id, occurred_at, position)
      order by position`,
    [
      rows.map((row) => row.id),
      rows.map((row) => row.aggregateId),
      rows.map((row) => row.name),
      rows.map((row) => eventType(row.name)),
      rows.map((row) => row.data),
      rows.map((row) => row.traceparent),
      rows.map((row) => row.correlationId),
      rows.map((row) => row.occurredAt),
    ],
  );
}
