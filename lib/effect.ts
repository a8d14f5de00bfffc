import { type Database, type Transaction } from "./db";
import { type ReceivedEvent } from "./envelope";
import { type EventSpan, inEvent } from "./event-span";
import { takeNew } from "./inbox";
import { type Delivery } from "./pull";
import { type Subscription } from "./subscription";
import { runInTrace } from "./telemetry";

/** An event in hand. */
export type Item = {
  delivery: Delivery;
  event: ReceivedEvent;
  subscription: Subscription;
  prepared: unknown;
  span: EventSpan;
  /** When it was received, in ms of performance.now(). */
  since: number;
};

/** The items whose event is new, each event once. */
async function newOf(tx: Transaction, items: Item[]): Promise<Item[]> {
  const ids = await takeNew(
    tx,
    items.map((item) => item.event.id),
  );
  return items.filter((item) => ids.delete(item.event.id));
}

/** Sorted by the rows that their handlers lock; events without a lock key keep their order. */
function inLockOrder(items: Item[]): Item[] {
  const keyOf = ({ subscription, event, prepared }: Item): string =>
    "handle" in subscription ? (subscription.lockKey?.(event.data, prepared) ?? "") : "";
  return items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((left, right) => Number(left.key > right.key) - Number(left.key < right.key))
    .map(({ item }) => item);
}

/**
 * Runs the handlers side by side on the transaction's one connection: their statements go out together instead
 * of one round trip after the other, in the order of the lock keys. Events of the same order wait for each other, as
 * their handlers read what the one before wrote. Throws what the first one that failed threw, after all have ended.
 */
async function handleEach(tx: Transaction, items: Item[]): Promise<void> {
  const last = new Map<string, Promise<void>>();
  for (const item of inLockOrder(items)) {
    const { subscription, event, prepared } = item;
    if (!("handle" in subscription)) continue;
    const handle = () => inEvent(event, item.span, () => subscription.handle(tx, event, prepared));
    const before = last.get(event.data.order_id);
    last.set(event.data.order_id, before === undefined ? handle() : before.then(handle));
  }
  const failure = (await Promise.allSettled(last.values())).find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") throw failure.reason;
}

async function handleBatches(tx: Transaction, items: Item[]): Promise<void> {
  const batches = new Map<Subscription, Item[]>();
  for (const item of items) batches.set(item.subscription, [...(batches.get(item.subscription) ?? []), item]);
  for (const [subscription, batch] of batches) {
    if (!("handleBatch" in subscription)) continue;
    await subscription.handleBatch(
      tx,
      batch.map((item) => item.event),
    );
  }
}

/**
 * Lets events take effect in one transaction with their inbox rows, and returns the items that were new. Throws
 * what a handler throws; then nothing has happened.
 */
export async function takeEffect(db: Database, items: Item[]): Promise<Set<Item>> {
  const [first, ...others] = items;
  if (first === undefined) return new Set();
  // The transaction belongs to many traces and is told in the first one's; the others link to it.
  const context = first.span.span.spanContext();
  for (const { span } of others) span.span.addLink({ context });
  if (others.length > 0)
    for (const { span } of items) span.span.setAttribute("messaging.batch.message_count", items.length);
  return runInTrace(first.span.active, () =>
    db.transaction(async (tx) => {
      const fresh = await newOf(tx, items);
      await handleEach(tx, fresh);
      await handleBatches(tx, fresh);
      return new Set(fresh);
    }),
  );
}
