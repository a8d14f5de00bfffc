import { type Transaction } from "../../lib/db";
import { AppError } from "../../lib/errors";
import { enqueue } from "../../lib/outbox";
import { type Answer, storeAnswer } from "./idempotency";
import { type OrderMetrics } from "./metrics";
import { cancel, type Change, isSynchronous, type Order } from "./order";
import { saveChange } from "./store";
import { refusalAnswer } from "./view";

/** Stores a change of a locked order with its events. */
export async function recordChange(tx: Transaction, change: Change, metrics: OrderMetrics): Promise<void> {
  const newSteps = await saveChange(tx, change);
  for (const { name, data } of change.emit) enqueue(tx, name, data);
  metrics.count(change.order, newSteps);
}

/**
 * Cancels a locked order that nobody brings to its end any more. A rest or grpc request that waits for it, or
 * comes again with its key, gets the answer that is stored here.
 */
export async function abandonOrder(tx: Transaction, order: Order, metrics: OrderMetrics): Promise<Answer> {
  const now = new Date();
  const limitMs = order.deadlineAt.getTime() - order.createdAt.getTime();
  const message = `the order did not come to its end within ${limitMs} ms`;
  const change = cancel(order, `order.cancelled: ${message}`, now);
  if (change.steps.length > 0) await recordChange(tx, change, metrics);
  const answer = refusalAnswer(new AppError("order.cancelled", message), order.correlationId, order.id);
  if (isSynchronous(order.pattern)) await storeAnswer(tx, order.id, answer);
  return answer;
}
