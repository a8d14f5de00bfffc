import { SpanKind } from "@opentelemetry/api";

import { type Bus, MessageRefusedError } from "./bus";
import { createConsumerMetrics, type Outcome } from "./consumer-metrics";
import { type Database } from "./db";
import { countDeadLetters, toDeadLetter } from "./dead-letters";
import { type Item, takeEffect } from "./effect";
import { readEvent, type ReceivedEvent } from "./envelope";
import { AppError } from "./errors";
import { createEventSpans, type EventSpan, inEvent } from "./event-span";
import { streams } from "./events";
import { isTaken } from "./inbox";
import { type Log } from "./log";
import { type Metrics } from "./metrics";
import { type Delivery, startPull } from "./pull";
import { type Subscription, subscriptionsByName } from "./subscription";
import { inSpan, runInTrace } from "./telemetry";

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

type Handled = { delivery: Delivery; span: EventSpan; since: number };

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
  const spans = createEventSpans(service);
  const byName = subscriptionsByName(options.subscriptions);
  const stopped = new AbortController();
  const ready: Item[] = [];
  const preparing = new Set<Item>();
  const givingUp = new Set<Promise<void>>();
  let wake: (() => void) | undefined;

  const settled = ({ delivery, span, since }: Handled, outcome: Outcome): void => {
    metrics.settled(delivery, outcome, since);
    spans.end(span, delivery, outcome);
  };

  const store = async (delivery: Delivery, reason: string): Promise<void> => {
    const letter = toDeadLetter(service, delivery, reason);
    const attributes = {
      "messaging.system": "nats",
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
      "messaging.destination.name": letter.subject,
      "messaging.message.id": letter.id,
    };
    await inSpan(`publish ${letter.subject}`, { kind: SpanKind.PRODUCER, attributes }, async () => {
      try {
        await bus.publish(letter);
      } catch (error) {
        if (!(error instanceof MessageRefusedError)) throw error;
        // An event of nearly the broker's limit is over it with the reason. Its body is in the stream for 7 days.
        await bus.publish({ ...letter, data: "" });
      }
    });
  };

  const giveUp = async (handled: Handled, reason: string): Promise<void> => {
    const { delivery, span } = handled;
    try {
      await runInTrace(span.active, () => store(delivery, reason));
    } catch (error) {
      log.warn({ err: error, event: delivery.subject }, "a dead letter could not be stored yet");
      delivery.nak(brokerPauseMs);
      span.span.end();
      return;
    }
    delivery.term();
    settled(handled, "dead");
    log.error(
      { event: delivery.subject, reason, attempts: delivery.attempt },
      "an event became a dead letter",
    );
  };

  const track = (work: Promise<void>): Promise<void> => {
    givingUp.add(work);
    return work.finally(() => givingUp.delete(work));
  };

  const giveBack = ({ delivery, span }: Handled): void => {
    delivery.nak(0);
    span.span.end();
  };

  const fail = async (item: Item, error: unknown): Promise<void> => {
    const { delivery, event, span } = item;
    const permanent = error instanceof AppError && error.code === "event.invalid";
    spans.fail(span, error);
    await inEvent(event, span, async () => {
      if (stopped.signal.aborted) return giveBack(item);
      if (permanent || delivery.attempt >= maxAttempts) return track(giveUp(item, reasonOf(error)));
      delivery.nak(delivery.attempt ** 2 * backoffUnitMs);
      settled(item, "retried");
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
        settled(item, effective.has(item) ? "handled" : "duplicate");
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
      item.prepared = await withDatabase(() =>
        inEvent(event, item.span, () => inSpan(`prepare ${event.name}`, {}, () => call(event))),
      );
      // A stop has given it back already.
      if (preparing.delete(item)) enqueueReady(item);
    } catch (error) {
      if (preparing.delete(item)) await fail(item, error);
    }
  };

  /** An event that a process has died on five times is given up without another try. */
  const giveUpUnhandled = async (item: Item): Promise<void> => {
    const { delivery, event } = item;
    try {
      // Delivered so often because acknowledgements were lost, it has taken effect long ago.
      if (!(await withDatabase(() => isTaken(db, event.id)))) {
        const reason = `not finished in ${String(maxAttempts)} deliveries: the process ended or hung while handling it`;
        return await track(giveUp(item, reason));
      }
      delivery.ack();
      settled(item, "duplicate");
    } catch {
      delivery.nak(databasePauseMs);
      item.span.span.end();
    }
  };

  const accept = (delivery: Delivery, event: ReceivedEvent, since: number): void => {
    const subscription = byName.get(event.name);
    const skipped =
      subscription === undefined ||
      ("when" in subscription && subscription.when !== undefined && !subscription.when(event.data));
    if (skipped) {
      delivery.ack();
      metrics.settled(delivery, "skipped", since);
      return;
    }
    const span = spans.start(delivery);
    const item: Item = { delivery, event, subscription, prepared: undefined, span, since };
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
      const span = spans.start(delivery);
      spans.fail(span, error);
      void track(giveUp({ delivery, span, since }, reasonOf(error)));
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
      preparing.forEach(giveBack);
      preparing.clear();
      await running;
      ready.splice(0).forEach(giveBack);
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
