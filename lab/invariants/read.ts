import pg from "pg";

import { type Pattern, type ServiceName, serviceNames, streams } from "../../lib/events";
import { withBroker, withDatabase } from "../run/clients";
import { type Stack } from "../run/stack";
import { type Facts, type OutboxFact } from "./facts";

/** Where to read: a connection URL per service's database, and the broker's. */
export type Sources = { databases: Record<ServiceName, string>; natsUrl: string };

/** Those of a system of this process that has started: by then each service has its database. */
export function sourcesOf(stack: Pick<Stack, "databaseUrls" | "natsUrl">): Sources {
  return { databases: stack.databaseUrls as Sources["databases"], natsUrl: stack.natsUrl };
}

// Counts and cents fit a number by far; Postgres sends bigint as text.
const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 && format !== "binary"
      ? Number
      : (pg.types.getTypeParser(oid, format) as (value: string) => unknown),
};

async function select<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const { rows } = await withDatabase({ connectionString: url, types }, (client) => client.query<R>(text));
  return rows;
}

/** The ce-id of every event in the stream, read without the payloads. */
export async function readStreamIds(natsUrl: string): Promise<Set<string>> {
  return withBroker(natsUrl, async (connection) => {
    const jetstream = connection.jetstream();
    const manager = await connection.jetstreamManager();
    const { state } = await manager.streams.info(streams.events.name);
    const ids = new Set<string>();
    if (state.messages === 0) return ids;
    const consumer = await jetstream.consumers.get(streams.events.name, { headers_only: true });
    for await (const message of await consumer.consume({ max_messages: 1_000 })) {
      ids.add(message.headers?.get("ce-id") ?? "");
      // Events that arrive while we read belong to the next reading.
      if (message.seq >= state.last_seq) break;
    }
    return ids;
  });
}

async function readOutboxes(databases: Sources["databases"]): Promise<OutboxFact[]> {
  const services = Object.keys(databases) as ServiceName[];
  const rows = await Promise.all(
    services.map((service) =>
      select<Omit<OutboxFact, "service">>(
        databases[service],
        `select id, subject, aggregate_id as "aggregateId", status from outbox`,
      ).then((facts) => facts.map((fact) => ({ ...fact, service }))),
    ),
  );
  return rows.flat();
}

/** Reads all facts. The system should be at rest: the databases are read one after the other, not at one moment. */
export async function readFacts({ databases, natsUrl }: Sources): Promise<Facts> {
  type OrderRow = Omit<Facts["orders"][number], "pattern" | "deadlineAt"> & {
    pattern: Pattern;
    deadlineAt: Date;
  };
  const orders = await select<OrderRow>(
    databases.order,
    `select id, pattern, status, product_id as "productId", quantity, amount_cents as amount, deadline_at as "deadlineAt"
     from orders`,
  );
  return {
    orders: orders.map((order) => ({ ...order, deadlineAt: order.deadlineAt.getTime() })),
    payments: await select(
      databases.payment,
      `select order_id as "orderId", status, amount_cents as amount from payments`,
    ),
    charges: await select(
      databases.payment,
      `select order_id as "orderId",
              case when status in ('approved', 'refunded') then amount_cents else 0 end as charged,
              refunded_cents as refunded
       from provider_charges`,
    ),
    reservations: await select(
      databases.inventory,
      `select order_id as "orderId", status, product_id as "productId", quantity from reservations`,
    ),
    shipments: await select(databases.shipping, `select order_id as "orderId", status from shipments`),
    notifications: await select(
      databases.notification,
      `select order_id as "orderId", kind from notifications`,
    ),
    products: await select(
      databases.inventory,
      "select id, available, reserved, sold, supplied from products",
    ),
    outbox: await readOutboxes(databases),
    streamIds: await readStreamIds(natsUrl),
    auditIds: new Set(
      (await select<{ id: string }>(databases.audit, "select event_id as id from audit_log")).map(
        ({ id }) => id,
      ),
    ),
    readAt: Date.now(),
  };
}

/**
 * What is still on its way, in words: open orders, unsent events and mails, and consumers with messages to handle.
 * Empty for a system at rest. Orders that wait for a participant that is down keep the system from rest.
 */
export async function readUnsettled({ databases, natsUrl }: Sources): Promise<string[]> {
  const open = await select<{ id: string; pattern: string; status: string }>(
    databases.order,
    "select id, pattern, status from orders where status not in ('confirmed', 'failed') order by created_at",
  );
  const unsent = (await readOutboxes(databases)).filter(({ status }) => status === "pending");
  return [
    ...open.map(({ id, pattern, status }) => `order ${id} (${pattern}) is ${status}`),
    ...unsent.map(({ service, id, subject }) => `event ${id} (${subject}) waits in the outbox of ${service}`),
    ...(await readPending(natsUrl)),
  ];
}

/** The consumers with messages that their services have not acknowledged yet, those that wait for a retry among them. */
async function readPending(natsUrl: string): Promise<string[]> {
  return withBroker(natsUrl, async (connection) => {
    const manager = await connection.jetstreamManager();
    const behind: string[] = [];
    for await (const { name, num_pending, num_ack_pending } of manager.consumers.list(streams.events.name)) {
      // Readers such as the one above leave theirs behind until the broker forgets it.
      if (!(serviceNames as readonly string[]).includes(name) || num_pending + num_ack_pending === 0)
        continue;
      behind.push(
        `${name} has ${String(num_pending)} events to receive, ${String(num_ack_pending)} to acknowledge`,
      );
    }
    return behind;
  });
}
