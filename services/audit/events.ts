import { onAll, type ReceivedEvent, type Subscription } from "../../lib/consumer";
import { type EventName, eventsOf, sensitiveFields } from "../../lib/events";
import { storable, withoutFields } from "./canonical";
import { type Entry, extend, toMicros } from "./chain";
import { append, lockHead } from "./store";

/** Appends every event to the chain: per batch one lock of the head and one insert. */
export const subscriptions: Subscription[] = [
  onAll(eventsOf("audit"), async (tx, received) => {
    const recordedAt = toMicros(new Date());
    const entries = received.map((event) => toEntry(event, recordedAt));
    // What the inbox has forgotten by its age may come again when old events are published anew.
    const { recorded, ...head } = await lockHead(
      tx,
      entries.map((entry) => entry.eventId),
    );
    await append(
      tx,
      extend(
        head,
        entries.filter((entry) => !recorded.has(entry.eventId)),
      ),
    );
  }),
];

function toEntry(event: ReceivedEvent<EventName>, recordedAtMicros: number): Entry {
  return {
    eventId: event.id,
    name: event.name,
    // Hashed as Postgres gives a uuid back.
    orderId: event.data.order_id.toLowerCase(),
    correlationId: storable(event.correlationId),
    occurredAtMicros: toMicros(new Date(event.time)),
    recordedAtMicros,
    data: withoutFields(event.data, sensitiveFields),
  };
}
