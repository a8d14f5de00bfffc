import { createHash } from "node:crypto";

import { type Queryable } from "../../lib/db";
import { AppError } from "../../lib/errors";

export type Answer = { status: number; body: object };
/** What is known of a request with the same key; without an answer it is still running, or its process died. */
export type StoredRequest = { hash: string; orderId: string; leaseUntil: Date; answer?: Answer };
export type Quote = { priceCents: number; currency: string; fetchedAt: Date };
export type KeyOwner = { userId: string; key: string };

/** The hash that tells a repeated request from another one with the same key. */
export function requestHash(pattern: string, body: object): string {
  // The schema that parsed the body fixes the order of its fields.
  return createHash("sha256")
    .update(JSON.stringify([pattern, body]))
    .digest("base64url");
}

/**
 * The stored answer of a request that was made before; undefined where its lease ran out without one.
 * @throws AppError idempotency.key_reused, idempotency.in_progress
 */
export function replay(stored: StoredRequest, hash: string, now: Date): Answer | undefined {
  if (stored.hash !== hash) {
    throw new AppError("idempotency.key_reused", "this key came with another body or pattern before");
  }
  if (!stored.answer && stored.leaseUntil > now) throw inProgress();
  return stored.answer;
}

/** The error for a key whose first request has not been answered yet. */
export function inProgress(): AppError {
  return new AppError("idempotency.in_progress", "the first request with this key has no answer yet", {
    headers: { "Retry-After": "1" },
  });
}

/** What is stored under a key, and the local quote of a product, in one round trip. */
export async function lookUp(
  db: Queryable,
  owner: KeyOwner,
  productId: string,
): Promise<{ stored?: StoredRequest; quote?: Quote }> {
  const { rows } = await db.query<{
    hash: string | null;
    orderId: string;
    leaseUntil: Date;
    status: number | null;
    body: object;
    priceCents: number | null;
    currency: string;
    fetchedAt: Date;
  }>(
    `select k.request_hash as hash, k.order_id as "orderId", k.lease_until as "leaseUntil",
       k.answer_status as status, k.answer_body as body,
       q.price_cents as "priceCents", q.currency, q.fetched_at as "fetchedAt"
     from (select 1) as one
     left join idempotency_keys k on k.user_id = $1 and k.key = $2
     left join product_quotes q on q.product_id = $3`,
    [owner.userId, owner.key, productId],
  );
  const row = rows[0];
  if (!row) return {};
  const { hash, orderId, leaseUntil, status, body, priceCents, currency, fetchedAt } = row;
  return {
    ...(hash !== null && {
      stored: { hash, orderId, leaseUntil, ...(status !== null && { answer: { status, body } }) },
    }),
    ...(priceCents !== null && { quote: { priceCents, currency, fetchedAt } }),
  };
}

/**
 * Takes a key for a request that is about to run, also from a process that died before it made an order.
 * False where another request holds it.
 */
export async function claimKey(
  db: Queryable,
  owner: KeyOwner,
  claim: { hash: string; orderId: string; leaseUntil: Date },
): Promise<boolean> {
  const { rows } = await db.query(
    `insert into idempotency_keys as held (user_id, key, request_hash, order_id, lease_until)
     values ($1, $2, $3, $4, $5)
     on conflict (user_id, key) do update
     set order_id = excluded.order_id, lease_until = excluded.lease_until
     where held.answer_status is null and held.lease_until <= now()
       and held.request_hash = excluded.request_hash
       and not exists (select from orders where id = held.order_id)
     returning key`,
    [owner.userId, owner.key, claim.hash, claim.orderId, claim.leaseUntil],
  );
  return rows.length === 1;
}

/** Gives a key back whose request failed before it made an order, so that a retry runs anew. */
export async function releaseKey(db: Queryable, orderId: string): Promise<void> {
  await db.query("delete from idempotency_keys where order_id = $1 and answer_status is null", [orderId]);
}

/** Stores the answer of a request that holds its key; an answer that is stored stays. */
export async function storeAnswer(db: Queryable, orderId: string, answer: Answer): Promise<void> {
  await db.query(
    `update idempotency_keys
     set answer_status = $2, answer_body = $3::json
     where order_id = $1 and answer_status is null`,
    [orderId, answer.status, JSON.stringify(answer.body)],
  );
}

/** Stores the final answer of a request that made no order. */
export async function storeRefusal(
  db: Queryable,
  owner: KeyOwner,
  refusal: { hash: string; orderId: string; answer: Answer },
): Promise<void> {
  await db.query(
    `insert into idempotency_keys (user_id, key, request_hash, order_id, lease_until, answer_status, answer_body)
     values ($1, $2, $3, $4, now(), $5, $6::json)
     on conflict (user_id, key) do nothing`,
    [
      owner.userId,
      owner.key,
      refusal.hash,
      refusal.orderId,
      refusal.answer.status,
      JSON.stringify(refusal.answer.body),
    ],
  );
}
