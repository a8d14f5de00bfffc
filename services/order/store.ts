import { type Queryable, type Transaction } from "../../lib/db";
import { type EventName } from "../../lib/events";
import { type Change, type Order, type OrderStatus, type Step } from "./order";

const columns = `
  id, saga_id as "sagaId", user_id as "userId", email, pattern, status, product_id as "productId", quantity,
  amount_cents as "amountCents", currency, released, failure_code as "failureCode",
  failure_reason as "failureReason", correlation_id as "correlationId", created_at as "createdAt",
  updated_at as "updatedAt", deadline_at as "deadlineAt", completed_at as "completedAt"`;

type Row = { [K in keyof Order]-?: undefined extends Order[K] ? Order[K] | null : Order[K] };
/** A line of the timeline. Ids grow in the order of writing, which need not be the order of commits. */
export type StoredStep = Step & { id: number };

/** An open order inserted together with its first steps; false where another request holds the claim. */
export type NewOrder = { order: Order; steps: Step[] };

const insertOrderSql = `
  insert into orders (
    id, saga_id, user_id, email, pattern, status, product_id, quantity, amount_cents, currency,
    correlation_id, created_at, updated_at, deadline_at
  )
  select $1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7, $8::integer, $9::integer, $10, $11,
    $12::timestamptz, $12::timestamptz, $13::timestamptz
  from claim
  returning id`;

const insertStepsSql = `
  insert into order_steps (order_id, event, at, detail)
  select placed.id, step.event, $12::timestamptz, null
  from placed, unnest($14::text[]) with ordinality as step (event, place)
  order by step.place`;

function orderValues({ order, steps }: NewOrder): unknown[] {
  return [
    order.id,
    order.sagaId,
    order.userId,
    order.email,
    order.pattern,
    order.status,
    order.productId,
    order.quantity,
    order.amountCents,
    order.currency,
    order.correlationId,
    order.createdAt,
    order.deadlineAt,
    steps.map((step) => step.event),
  ];
}

/**
 * The answered key, the order and its first steps in one statement. False, and nothing is written, where the
 * key is taken; a concurrent request with the same key waits here until the first one commits.
 */
export async function insertAcceptedOrder(
  tx: Transaction,
  placed: NewOrder,
  request: { key: string; hash: string; answer: { status: number; body: unknown } },
): Promise<boolean> {
  const result = await tx.query(
    `with claim as (
       insert into idempotency_keys
         (user_id, key, request_hash, order_id, lease_until, answer_status, answer_body)
       values ($3::uuid, $15, $16, $1::uuid, $13::timestamptz, $17::integer, $18::json)
       on conflict (user_id, key) do nothing
       returning order_id
     ), placed as (${insertOrderSql}), started as (${insertStepsSql})
     select id from placed`,
    [
      ...orderValues(placed),
      request.key,
      request.hash,
      request.answer.status,
      JSON.stringify(request.answer.body),
    ],
  );
  return result.rows.length === 1;
}

/** The order of a request that holds its key already. False where another request took the key over. */
export async function insertClaimedOrder(tx: Transaction, placed: NewOrder): Promise<boolean> {
  const result = await tx.query(
    `with claim as (
       select order_id from idempotency_keys where order_id = $1::uuid and answer_status is null for update
     ), placed as (${insertOrderSql}), started as (${insertStepsSql})
     select id from placed`,
    orderValues(placed),
  );
  return result.rows.length === 1;
}

/** One order; undefined where there is none. */
export async function findOrder(db: Queryable, id: string): Promise<Order | undefined> {
  const { rows } = await db.query<Row>(`select ${columns} from orders where id = $1`, [id]);
  return rows[0] && toOrder(rows[0]);
}

/** As `findOrder`; the row stays locked until the transaction ends. */
export async function lockOrder(tx: Transaction, id: string): Promise<Order | undefined> {
  const { rows } = await tx.query<Row>(`select ${columns} from orders where id = $1 for no key update`, [id]);
  return rows[0] && toOrder(rows[0]);
}

/** A user's orders, newest first, older than the order `before`. */
export async function listOrders(
  db: Queryable,
  page: { userId: string; before: string | undefined; limit: number },
): Promise<Order[]> {
  const { rows } = await db.query<Row>(
    `select ${columns} from orders
     where user_id = $1 and ($2::uuid is null or id < $2)
     order by id desc
     limit $3`,
    [page.userId, page.before, page.limit],
  );
  return rows.map(toOrder);
}

/**
 * Stores what `applyEvent`, `cancel` or `settle` made of a locked order. A step is listed once; answers the
 * steps that are new.
 */
export async function saveChange(tx: Transaction, { order, steps }: Change): Promise<EventName[]> {
  const { rows } = await tx.query<{ event: EventName }>(
    `with changed as (
       update orders
       set status = $2, released = $3, failure_code = $4, failure_reason = $5, updated_at = $6, completed_at = $7
       where id = $1::uuid
     )
     insert into order_steps (order_id, event, at, detail)
     select $1::uuid, event, at, detail
     from unnest($8::text[], $9::timestamptz[], $10::text[]) with ordinality as step (event, at, detail, place)
     order by place
     on conflict (order_id, event) do nothing
     returning event`,
    [
      order.id,
      order.status,
      order.released,
      order.failureCode,
      order.failureReason,
      order.updatedAt,
      order.completedAt,
      steps.map((step) => step.event),
      steps.map((step) => step.at.toISOString()),
      steps.map((step) => step.detail ?? null),
    ],
  );
  tx.afterCommit(stepsEvent(order.id));
  return rows.map(({ event }) => event);
}

/** Adds steps to several orders and leaves the orders as they are. Answers the ids of the orders there are. */
export async function addSteps(
  tx: Transaction,
  arrived: { orderId: string; step: Step }[],
): Promise<Set<string>> {
  // No lock: replicas that lock many orders in different order would wait for each other.
  const { rows } = await tx.query<{ id: string }>(
    `with known as (
       select id from orders where id = any($1::uuid[])
     ), added as (
       insert into order_steps (order_id, event, at, detail)
       select known.id, event, at, detail
       from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::text[])
         with ordinality as arrived (order_id, event, at, detail, place)
       join known on known.id = arrived.order_id
       order by place
       on conflict (order_id, event) do nothing
     )
     select id from known`,
    [
      arrived.map(({ orderId }) => orderId),
      arrived.map(({ step }) => step.event),
      arrived.map(({ step }) => step.at.toISOString()),
      arrived.map(({ step }) => step.detail ?? null),
    ],
  );
  for (const { id } of rows) tx.afterCommit(stepsEvent(id));
  return new Set(rows.map(({ id }) => id));
}

/** The event that the database object emits after a commit that added steps to the order. */
export function stepsEvent(orderId: string): string {
  return `order-steps:${orderId}`;
}

/** An order's steps in the order in which they became known. */
export async function readSteps(db: Queryable, orderId: string): Promise<StoredStep[]> {
  const { rows } = await db.query<{ id: number; event: EventName; at: Date; detail: string | null }>(
    "select id, event, at, detail from order_steps where order_id = $1 order by id",
    [orderId],
  );
  return rows.map(({ detail, ...step }) => ({ ...step, ...(detail !== null && { detail }) }));
}

/** How far each of the orders is: its status and how many steps it has, all of one moment. */
export async function readAdvances(
  db: Queryable,
  orderIds: string[],
): Promise<Map<string, Pick<Order, "status"> & { steps: number }>> {
  const { rows } = await db.query<Pick<Order, "id" | "status"> & { steps: number }>(
    `select id, status,
       (select count(*) from order_steps where order_id = orders.id) as steps
     from orders
     where id = any($1::uuid[])`,
    [orderIds],
  );
  return new Map(rows.map(({ id, ...advance }) => [id, advance]));
}

/** Locks up to `limit` orders past their deadline that nobody has cancelled yet and no other replica holds. */
export async function lockOverdueOrders(tx: Transaction, now: Date, limit: number): Promise<Order[]> {
  const { rows } = await tx.query<Row>(
    `select ${columns} from orders
     where deadline_at < $1 and status in ('pending', 'saga_started')
     order by deadline_at
     limit $2
     for no key update skip locked`,
    [now, limit],
  );
  return rows.map(toOrder);
}

/** How many orders have compensated since before `since`, and the oldest ones' ids. */
export async function findStuckOrders(db: Queryable, since: Date): Promise<{ count: number; ids: string[] }> {
  const { rows } = await db.query<{ count: number; ids: string[] | null }>(
    `select count(*)::integer as count, (array_agg(id::text order by deadline_at))[1:5] as ids
     from orders
     where status = 'compensating' and updated_at < $1`,
    [since],
  );
  return { count: rows[0]?.count ?? 0, ids: rows[0]?.ids ?? [] };
}

/** How many orders are in each state that is not terminal. */
export async function countOpenOrders(db: Queryable): Promise<{ status: OrderStatus; count: number }[]> {
  const { rows } = await db.query<{ status: OrderStatus; count: number }>(
    `select status, count(*)::integer as count
     from orders
     where status in ('pending', 'saga_started', 'compensating')
     group by status`,
  );
  return rows;
}

function toOrder(row: Row): Order {
  const { failureCode, failureReason, completedAt, ...order } = row;
  return {
    ...order,
    ...(failureCode !== null && { failureCode }),
    ...(failureReason !== null && { failureReason }),
    ...(completedAt !== null && { completedAt }),
  };
}
