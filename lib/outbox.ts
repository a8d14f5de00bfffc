import { v7 as uuidv7 } from "uuid";

import { currentCorrelationId } from "./context";
import { type Transaction } from "./db";
import { type EventData, type EventName, eventType } from "./events";
import { type Carrier, injectTrace } from "./telemetry";

/** What the database emits when a transaction with a new outbox row is committed. */
export const outboxEvent = "outbox";

/**
 * Puts an event in the outbox, in the transaction of the change that it tells of: both happen or neither.
 * The order is its aggregate. The running trace and correlation id go with it.
 */
export async function enqueue<N extends EventName>(
  tx: Transaction,
  name: N,
  data: EventData<N>,
): Promise<void> {
  const trace: Carrier = injectTrace({});
  await tx.query(
    `insert into outbox (id, aggregate_id, subject, type, data, traceparent, correlation_id, occurred_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      uuidv7(),
      data.order_id,
      name,
      eventType(name),
      JSON.stringify(data),
      trace.traceparent ?? null,
      currentCorrelationId(),
      new Date().toISOString(),
    ],
  );
  // NOTIFY would serialise the commits of all writers, and every writer has a relay in its own process to
  // wake. Rows of a process that died are found by the other relays' polling.
  tx.afterCommit(outboxEvent);
}
