import { type Bus, MessageRefusedError } from "./bus";
import { createConsumerMetrics } from "./consumer-metrics";
import { runInContext } from "./context";
import { type Database } from "./db";
import { countDeadLetters, toDeadLetter } from "./dead-letters";
import { inEvent, type Item, takeEffect } from "./effect";
import { readEvent, type ReceivedEvent } from "./envelope";
import { AppError } from "./errors";
import { streams } from "./events";
import { isTaken } from "./inbox";
import { type Log } from "./log";
import { type Metrics } from "./metrics";
import { type Delivery, startPull } from "./pull";
import { type Subscription, subscriptionsByName } from "./subscription";

export { type ReceivedEvent } from "./envelope";
export { on, onAll, type Subscription } from "./subscription";

export type ConsumerOptions = {
  /** Name of the durable consumer. */
  service: string;
  db: Database;
  bus: Bus;
  log: Log;
  metrics: Metrics;
  subscriptions: Subscription[];
  /** What attempt² is multiplied with after a failure. @default 1000 */
  backoffUnitMs?: number;
};

/** Events in hand, and so also the most that are prepared at once or share a transaction. */
const inHandLimit = 64;
const maxAttempts = 5;
const databasePauseMs = 1_000;
const brokerPauseMs = 1_000;

/** What a person needs to know; never the event's data. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}

/**
 * Consumes the service's events until it is stopped. Replicas share the durable consumer. Events whose
 * preparation is done take effect together, as many as are ready and without waiting for more: one commit
 * for up to 64 of them. Where such a transaction fails, each event is tried alone, so that only the bad one
 * is set back.
 */
export function startConsumer(options: ConsumerOptions): { stop(): Promise<void> } {
  const { service, bus, log, backoffUnitMs = 1_000 } = options;
  // Of its own: while requests queue for the service's connections, events would wait behind them, and orders
  // would be accepted faster than they are ever finished. Two, for a look besides the transaction in hand.
  const db = options.db.reserve(2);
  options.metrics.watchPool("consumer", () => db.stats());
  const metrics = createConsumerMetrics(options.metrics, {
    lag: async () => pull.lag(),
    deadLetters: () => countDeadLetters(bus, service),
  });
  const { settled } = metrics;
  const byName = subscriptionsByName(options.subscriptions);
  const stopped = new AbortController();
  const ready: Item[] = [];
  const preparing = new Set<Item>();
  const givingUp = new Set<Promise<void>>();
  let wake: (() => void) | undefined;

  const store = async (delivery: Delivery, reason: string): Promise<void> => {
    const letter = toDeadLetter(service, delivery, reason);
    try {
      await bus.publish(letter);
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      // An event of nearly the broker's limit is over it with the reason. Its body is in the stream for 7 days.
      await bus.publish({ ...letter, data: "" });
    }
  };

  const giveUp = async (delivery: Delivery, reason: string, since: number): Promise<void> => {
    try {
      await store(delivery, reason);
    } catch (error) {
      log.warn({ err: error, event: delivery.subject }, "a dead letter could not be stored yet");
      delivery.nak(brokerPauseMs);
      return;
    }
    delivery.term();
    settled(delivery, "dead", since);
    log.error(
      { event: delivery.subject, reason, attempts: delivery.attempt },
      "an event became a dead letter",
    );
  };

  const track = (work: Promise<void>): Promise<void> => {
    givingUp.add(work);
    return work.finally(() => givingUp.delete(work));
  };

  const fail = async (item: Item, error: unknown): Promise<void> => {
    const { delivery, event, since } = item;
    const permanent = error instanceof AppError && error.code === "event.invalid";
    await runInContext({ correlationId: event.correlationId, orderId: event.data.order_id }, async () => {
      if (stopped.signal.aborted) return delivery.nak(0);
      if (permanent || delivery.attempt >= maxAttempts)
        return track(giveUp(delivery, reasonOf(error), since));
      delivery.nak(delivery.attempt ** 2 * backoffUnitMs);
      settled(delivery, "retried", since);
      log.warn({ err: error, event: event.name, id: event.id, attempt: delivery.attempt }, "an event failed");
    });
  };

  let waiting: Promise<void> | undefined;
  const untilDatabaseAnswers = async (): Promise<void> => {
    log.warn("events wait for the database");
    while (!stopped.signal.aborted && !(await answers(db))) await pause(databasePauseMs, stopped.signal);
  };

  /**
   * Runs `work`, and again where it failed while the database was away: that is no fault of the event and
   * must not use up its attempts. Meanwhile the event stays in hand.
   */
  const withDatabase = async <T>(work: () => Promise<T>): Promise<T> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (stopped.signal.aborted || (await answers(db))) throw error;
        await (waiting ??= untilDatabaseAnswers().finally(() => (waiting = undefined)));
      }
    }
  };

  const settle = async (items: Item[]): Promise<void> => {
    try {
      const effective = await withDatabase(() => takeEffect(db, items));
      for (const item of items) {
        item.delivery.ack();
        settled(item.delivery, effective.has(item) ? "handled" : "duplicate", item.since);
      }
    } catch (error) {
      const [first] = items;
      if (items.length > 1) for (const item of items) await settle([item]);
      else if (first !== undefined) await fail(first, error);
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      if (ready.length > 0) await settle(ready.splice(0, inHandLimit));
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  const enqueueReady = (item: Item): void => {
    ready.push(item);
    wake?.();
  };

  const prepare = async (item: Item): Promise<void> => {
    const { subscription, event } = item;
    if (!("prepare" in subscription) || subscription.prepare === undefined) return enqueueReady(item);
    const call = subscription.prepare.bind(subscription);
    preparing.add(item);
    try {
      item.prepared = await withDatabase(() => inEvent(item, "prepare", () => call(event)));
      // A stop has given it back already.
      if (preparing.delete(item)) enqueueReady(item);
    } catch (error) {
      if (preparing.delete(item)) await fail(item, error);
    }
  };

  /** An event that a process has died on five times is given up without another try. */
  const giveUpUnhandled = async (item: Item): Promise<void> => {
    const { delivery, event, since } = item;
    try {
      // Delivered so often because acknowledgements were lost, it has taken effect long ago.
      if (!(await withDatabase(() => isTaken(db, event.id)))) {
        const reason = `not finished in ${String(maxAttempts)} deliveries: the process ended or hung while handling it`;
        return await track(giveUp(delivery, reason, since));
      }
      delivery.ack();
      settled(delivery, "duplicate", since);
    } catch {
      delivery.nak(databasePauseMs);
    }
  };

  const accept = (delivery: Delivery, event: ReceivedEvent, since: number): void => {
    const subscription = byName.get(event.name);
    const skipped =
      subscription === undefined ||
      ("when" in subscription && subscription.when !== undefined && !subscription.when(event.data));
    if (skipped) {
      delivery.ack();
      settled(delivery, "skipped", since);
      return;
    }
    const item: Item = { delivery, event, subscription, prepared: undefined, since };
    if (delivery.attempt > maxAttempts) void giveUpUnhandled(item);
    else void prepare(item);
  };

  const receive = (delivery: Delivery): void => {
    const since = performance.now();
    if (delivery.attempt > 1) metrics.redelivered(delivery);
    try {
      accept(delivery, readEvent(delivery.subject, delivery.headers, delivery.data), since);
    } catch (error) {
      // Whatever reading it threw, reading it again would throw the same.
      void track(giveUp(delivery, reasonOf(error), since));
    }
  };

  const pull = startPull({
    bus,
    log,
    stream: streams.events.name,
    durable: service,
    subjects: [...byName.keys()],
    limit: inHandLimit,
    receive,
  });
  const running = run();

  return {
    stop: async () => {
      stopped.abort();
      wake?.();
      await pull.stop();
      for (const item of preparing) item.delivery.nak(0);
      preparing.clear();
      await running;
      for (const item of ready.splice(0)) item.delivery.nak(0);
      await Promise.all(givingUp);
      await db.close();
    },
  };
}

function answers(db: Database): Promise<boolean> {
  return db.ping().then(
    () => true,
    () => false,
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}
