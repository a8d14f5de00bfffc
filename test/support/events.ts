import { connect, headers as createHeaders, type NatsConnection } from "nats";
import { v7 as uuidv7 } from "uuid";

import {
  type EventData,
  type EventName,
  eventNames,
  events,
  eventType,
  isEventName,
  streams,
} from "../../lib/events";

export type CollectedEvent = { name: string; data: Record<string, unknown>; headers: Record<string, string> };

export type EventCollector = {
  /** What the stream has, in its order, and what is added to it. */
  events: CollectedEvent[];
  stop(): Promise<void>;
};

const connectTimeoutMs = 10_000;

async function open(natsUrl: string): Promise<NatsConnection> {
  const url = new URL(natsUrl);
  return connect({
    servers: `${url.protocol}//${url.host}`,
    user: decodeURIComponent(url.username),
    pass: decodeURIComponent(url.password),
    timeout: connectTimeoutMs,
  });
}

/** Collects every event of the stream from its beginning. The stream has to exist. */
export async function collectEvents(natsUrl: string): Promise<EventCollector> {
  const connection = await open(natsUrl);
  const collected: CollectedEvent[] = [];
  const consumer = await connection.jetstream().consumers.get(streams.events.name);
  const messages = await consumer.consume({
    callback: (message) => {
      const headers = Object.fromEntries(
        (message.headers?.keys() ?? []).map((name) => [name, message.headers?.get(name) ?? ""]),
      );
      const data = JSON.parse(message.string()) as Record<string, unknown>;
      collected.push({ name: message.subject, data, headers });
    },
  });
  return {
    events: collected,
    stop: async () => {
      await messages.close();
      await connection.close();
    },
  };
}

/** A complete, valid event of `name`; `data` overrides its fields. */
export function sampleEvent<N extends EventName>(name: N, data: Partial<EventData<N>> = {}): EventData<N> {
  const now = new Date().toISOString();
  const fields: Record<string, unknown> = {
    saga_id: uuidv7(),
    order_id: uuidv7(),
    user_id: uuidv7(),
    pattern: "saga",
    product_id: "metronome",
    quantity: 2,
    amount: 4_998,
    currency: "EUR",
    payment_token: "tok_ok",
    address: { line1: "Ringstr. 1", city: "Wien", postalCode: "1010", country: "AT" },
    email: "ada@example.com",
    reason: "a test",
    payment_id: uuidv7(),
    shipment_id: uuidv7(),
    tracking_number: "T-1",
    duration_ms: 42,
    timestamp: now,
    ...Object.fromEntries(
      [
        "started",
        "cancelled",
        "reserved",
        "failed",
        "released",
        "processed",
        "refunded",
        "scheduled",
        "completed",
      ].map((verb) => [`${verb}_at`, now]),
    ),
    ...data,
  };
  // The schema strips what this event does not have.
  return events[name].schema.parse(fields) as EventData<N>;
}

/**
 * Publishes a message as a service would, valid or not: `data` is sent as it is (a string as raw bytes),
 * `headers` override the envelope's, an empty one leaves it out. Returns the event's id.
 */
export async function publishEvent(
  natsUrl: string,
  name: string,
  data: unknown,
  options: { id?: string; headers?: Record<string, string> } = {},
): Promise<string> {
  const connection = await open(natsUrl);
  try {
    const id = options.id ?? uuidv7();
    const known = isEventName(name) ? name : (eventNames[0] ?? "order.created");
    const envelope: Record<string, string> = {
      "ce-specversion": "1.0",
      "ce-id": id,
      "ce-source": `/symphony/${events[known].producer}`,
      "ce-type": eventType(known),
      "ce-time": new Date().toISOString(),
      "ce-datacontenttype": "application/json",
      "ce-correlationid": uuidv7(),
      ...options.headers,
    };
    const headers = createHeaders();
    for (const [key, value] of Object.entries(envelope)) if (value !== "") headers.set(key, value);
    // No Nats-Msg-Id: a test may publish an event several times, as a broker may deliver it several times.
    await connection
      .jetstream()
      .publish(name, typeof data === "string" ? data : JSON.stringify(data), { headers });
    return id;
  } finally {
    await connection.close();
  }
}
