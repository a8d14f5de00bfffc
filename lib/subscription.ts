import { type Transaction } from "./db";
import { type ReceivedEvent } from "./envelope";
import { type EventData, type EventName } from "./events";

type EachSubscription = {
  names: [EventName];
  when?(data: EventData<EventName>): boolean;
  prepare?(event: ReceivedEvent): Promise<unknown>;
  lockKey?(data: EventData<EventName>, prepared: unknown): string;
  handle(tx: Transaction, event: ReceivedEvent, prepared: unknown): Promise<void>;
};

type BatchSubscription = {
  names: EventName[];
  handleBatch(tx: Transaction, events: ReceivedEvent[]): Promise<void>;
};

/** What a service does with events; made by `on` and `onAll`. */
export type Subscription = EachSubscription | BatchSubscription;

/**
 * Handles one kind of event. A handler that returns acknowledges. One that throws an AppError
 * `event.invalid` sends the event to the dead letters at once; anything else is tried again after attempt²
 * seconds, and the fifth failure makes it a dead letter.
 */
export function on<N extends EventName, P = void>(
  name: N,
  subscription: {
    /** False: acknowledged without effect or database work. */
    when?(data: EventData<N>): boolean;
    /** Before the transaction, and for several events at once: a call to a provider. May run again. */
    prepare?(event: ReceivedEvent<N>): Promise<P>;
    /**
     * Names the row, shared by many orders, that `handle` locks. Events that share a transaction take effect
     * in the order of their keys, so that replicas lock the same rows in the same order and never deadlock.
     */
    lockKey?(data: EventData<N>, prepared: P): string;
    /** In the transaction of the inbox row, which several events may share. One at a time. */
    handle(tx: Transaction, event: ReceivedEvent<N>, prepared: P): Promise<void>;
  },
): Subscription {
  // The consumer hands over only events called `name`, so the narrower parameter types hold.
  return { names: [name], ...subscription } as unknown as Subscription;
}

/** Handles all new events of a batch at once: a projection, which one statement can bring up to date. */
export function onAll(
  names: EventName[],
  handleBatch: (tx: Transaction, events: ReceivedEvent[]) => Promise<void>,
): Subscription {
  return { names, handleBatch };
}

/** The subscription of each event. Throws where two want the same one. */
export function subscriptionsByName(subscriptions: Subscription[]): Map<EventName, Subscription> {
  const byName = new Map<EventName, Subscription>();
  for (const subscription of subscriptions) {
    for (const name of subscription.names) {
      if (byName.has(name)) throw new Error(`two subscriptions for ${name}`);
      byName.set(name, subscription);
    }
  }
  return byName;
}
