import { v7 as uuidv7 } from "uuid";

import { type Identity } from "../../lib/auth";
import { currentContext, currentCorrelationId } from "../../lib/context";
import { type Database, type Transaction } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { type Address, type Pattern } from "../../lib/events";
import { enqueue } from "../../lib/outbox";
import { runCalls } from "./calls";
import {
  type Answer,
  claimKey,
  inProgress,
  type KeyOwner,
  lookUp,
  type Quote,
  releaseKey,
  replay,
  requestHash,
  storeAnswer,
  type StoredRequest,
  storeRefusal,
} from "./idempotency";
import { type OrderMetrics } from "./metrics";
import { isSynchronous, openingEvents, type Order, settle, type SyncOutcome } from "./order";
import { type Peers } from "./peers";
import { type Quotes } from "./quotes";
import { abandonOrder, recordChange } from "./record";
import { insertAcceptedOrder, insertClaimedOrder, lockOrder } from "./store";
import { orderView, refusalAnswer } from "./view";

export type PlaceDeps = {
  db: Database;
  metrics: OrderMetrics;
  quotes: Quotes;
  peers: { rest: Peers; grpc: Peers };
  /** How long an order may stay open. */
  deadlineMs: number;
};

export type OrderRequest = {
  identity: Identity;
  key: string;
  pattern: Pattern;
  body: { productId: string; quantity: number; paymentToken: string; address: Address };
};

type Attempt = OrderRequest & { owner: KeyOwner; hash: string; orderId: string; now: Date };
type Price = Pick<Quote, "priceCents" | "currency">;

/**
 * Takes an order, or answers again what the first request with the same key was answered.
 * @throws AppError what `replay` throws; a 5xx code where no order was made and a retry may succeed
 */
export async function placeOrder(
  deps: PlaceDeps,
  request: OrderRequest,
): Promise<Answer & { replayed: boolean }> {
  const owner = { userId: request.identity.userId, key: request.key };
  const hash = requestHash(request.pattern, request.body);
  const now = new Date();
  const { stored, quote } = await lookUp(deps.db, owner, request.body.productId);
  const known = stored && (replay(stored, hash, now) ?? (await takeOver(deps, stored)));
  if (known) return { ...known, replayed: true };
  const attempt: Attempt = { ...request, owner, hash, orderId: uuidv7(), now };
  const context = currentContext();
  if (context !== undefined) context.orderId = attempt.orderId;
  if (isSynchronous(request.pattern)) return { ...(await runOrder(deps, attempt)), replayed: false };
  const answer = await acceptOrder(deps, attempt, quote);
  // Undefined: a concurrent request with the same key was first, and its answer is stored by now.
  return answer ? { ...answer, replayed: false } : placeOrder(deps, request);
}

/** The patterns saga and events: key, order, timeline and events are one transaction, all or nothing. */
async function acceptOrder(
  deps: PlaceDeps,
  attempt: Attempt,
  copy: Quote | undefined,
): Promise<Answer | undefined> {
  const { owner, hash, orderId, key, body } = attempt;
  const price = await refusable(() => deps.quotes.priceOf(body.productId, copy));
  if ("refusal" in price) {
    await storeRefusal(deps.db, owner, { hash, orderId, answer: price.refusal });
    return price.refusal;
  }
  const order = newOrder(deps, attempt, price);
  const opening = openingEvents(order, body);
  const steps = opening.map(({ name }) => ({ event: name, at: order.createdAt }));
  const answer = { status: 202, body: orderView(order) };
  return deps.db.transaction(async (tx) => {
    if (!(await insertAcceptedOrder(tx, { order, steps }, { key, hash, answer }))) return undefined;
    for (const { name, data } of opening) enqueue(tx, name, data);
    return answer;
  });
}

/** The patterns rest and grpc: the key is claimed first, so that one request at a time makes the calls. */
async function runOrder(deps: PlaceDeps, attempt: Attempt): Promise<Answer> {
  const { orderId, body } = attempt;
  const leaseUntil = deadlineOf(deps, attempt);
  if (!(await claimKey(deps.db, attempt.owner, { hash: attempt.hash, orderId, leaseUntil })))
    throw inProgress();
  const peers = attempt.pattern === "grpc" ? deps.peers.grpc : deps.peers.rest;
  const price = await refusable(() => findPrice(peers, body)).catch(async (error: unknown) => {
    await releaseKey(deps.db, orderId);
    throw error;
  });
  if ("refusal" in price) {
    await storeAnswer(deps.db, orderId, price.refusal);
    return price.refusal;
  }
  const order = newOrder(deps, attempt, price);
  await deps.db.transaction(async (tx) => {
    const opening = openingEvents(order, body);
    const steps = opening.map(({ name }) => ({ event: name, at: order.createdAt }));
    if (!(await insertClaimedOrder(tx, { order, steps }))) throw inProgress();
    for (const { name, data } of opening) enqueue(tx, name, data);
  });
  const outcome = await runCalls(peers, { ...order, paymentToken: body.paymentToken, address: body.address });
  return deps.db.transaction((tx) => finishOrder(tx, orderId, outcome, deps.metrics));
}

async function finishOrder(
  tx: Transaction,
  orderId: string,
  outcome: SyncOutcome & { error?: AppError },
  metrics: OrderMetrics,
): Promise<Answer> {
  const order = await lockOrder(tx, orderId);
  if (!order) throw new AppError("internal", `order ${orderId} has vanished`);
  const change = settle(order, outcome, new Date());
  await recordChange(tx, change, metrics);
  const answer =
    change.order.status === "confirmed"
      ? { status: 201, body: orderView(change.order) }
      : refusalAnswer(errorOf(order, outcome.error), order.correlationId, orderId);
  await storeAnswer(tx, orderId, answer);
  return answer;
}

/** Why an order was not confirmed: somebody cancelled it while the calls ran, or a call failed. */
function errorOf(before: Order, error: AppError | undefined): AppError {
  if (before.status === "pending" && error) return error;
  return new AppError("order.cancelled", "the order was cancelled while its calls were running");
}

/**
 * The lease of a rest or grpc request has run out: its process is gone. An order that it left is cancelled, as
 * the watchdog would do; undefined where it left none, so that the request may run again.
 */
function takeOver(deps: PlaceDeps, stored: StoredRequest): Promise<Answer | undefined> {
  return deps.db.transaction(async (tx) => {
    const order = await lockOrder(tx, stored.orderId);
    return order && abandonOrder(tx, order, deps.metrics);
  });
}

/** A refusal for good is an answer, to be stored; anything else is thrown. */
async function refusable(work: () => Promise<Price>): Promise<Price | { refusal: Answer }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.httpStatus >= 500) throw error;
    return { refusal: refusalAnswer(error, currentCorrelationId()) };
  }
}

async function findPrice(peers: Peers, { productId, quantity }: OrderRequest["body"]): Promise<Price> {
  const product = await peers.findProduct(productId, quantity);
  if (product.available >= quantity) return product;
  throw new AppError(
    "inventory.insufficient_stock",
    `${quantity} of ${productId} were asked for, ${product.available} are available`,
  );
}

function newOrder(deps: PlaceDeps, attempt: Attempt, price: Price): Order {
  const { identity, pattern, body, now } = attempt;
  return {
    id: attempt.orderId,
    sagaId: uuidv7(),
    userId: identity.userId,
    email: identity.email,
    pattern,
    status: pattern === "saga" ? "saga_started" : "pending",
    productId: body.productId,
    quantity: body.quantity,
    amountCents: price.priceCents * body.quantity,
    currency: price.currency,
    released: false,
    correlationId: currentCorrelationId(),
    createdAt: now,
    updatedAt: now,
    deadlineAt: deadlineOf(deps, attempt),
  };
}

function deadlineOf(deps: PlaceDeps, attempt: Attempt): Date {
  return new Date(attempt.now.getTime() + deps.deadlineMs);
}
