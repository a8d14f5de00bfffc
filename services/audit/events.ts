import { onAll, type ReceivedEvent, type Subscription } from "../../lib/consumer";
import { type EventName, eventsOf, sensitiveFields } from "../../lib/events";
import { storable, withoutFields } from "./canonical";
import { type Entry, toMicros } from "./chain";
import { record } from "./record";

/** Appends every event to the chain: all that came together at once. */
export const subscriptions: Subscription[] = [
  onAll(eventsOf("audit"), async (tx, received) => {
    const recordedAt = toMicros(new Date());
    const entries = received.map((event) => toEntry(event, recordedAt));
    await record(tx, entries);
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
