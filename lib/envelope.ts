import { type MsgHdrs } from "nats";

import { type BusMessage } from "./bus";
import { AppError } from "./errors";
import { type EventData, type EventName, events, eventType, isEventName } from "./events";
import { type OutboxRow } from "./outbox-store";

/** An event as a handler gets it. */
export type ReceivedEvent<N extends EventName = EventName> = {
  id: string;
  name: N;
  /** When it happened, ISO 8601. */
  time: string;
  data: EventData<N>;
  correlationId: string;
};

// Written by hand after the CloudEvents NATS binding: the SDK's only comparable binding is HTTP's, which has
// `content-type` where NATS has `ce-datacontenttype` and costs 16 µs an event, a sixth of a core at 10,000/s.
/** The message of an outbox row: CloudEvents 1.0, binary mode. `traceparent` is left out where there is none. */
export function toMessage(row: OutboxRow, traceparent: string | null): BusMessage {
  const headers: Record<string, string> = {
    "ce-specversion": "1.0",
    "ce-id": row.id,
    "ce-source": sourceOf(row.subject),
    "ce-type": row.type,
    "ce-time": row.occurred_at.toISOString(),
    "ce-subject": row.aggregate_id,
    "ce-datacontenttype": "application/json",
    "ce-correlationid": row.correlation_id,
  };
  if (traceparent !== null) {
    // The first is what tracing libraries look for, the second is CloudEvents' own extension.
    headers.traceparent = traceparent;
    headers["ce-traceparent"] = traceparent;
  }
  return { subject: row.subject, id: row.id, headers, data: row.data };
}

function sourceOf(subject: string): string {
  return `/symphony/${isEventName(subject) ? events[subject].producer : "unknown"}`;
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function invalid(reason: string, cause?: unknown): AppError {
  return new AppError("event.invalid", reason, { cause });
}

function required(headers: MsgHdrs | undefined, name: string): string {
  const value = headers?.get(name);
  if (!value) throw invalid(`${name}: the header is missing`);
  return value;
}

/**
 * Reads a message of the stream. Throws `event.invalid`, whose message names the wrong header or field, where
 * it is not a valid event of its subject; it never will be one, so there is no use in trying again.
 */
export function readEvent(subject: string, headers: MsgHdrs | undefined, body: Uint8Array): ReceivedEvent {
  if (!isEventName(subject)) throw invalid(`subject: ${subject} is no event`);
  const version = required(headers, "ce-specversion");
  if (version !== "1.0") throw invalid(`ce-specversion: ${version} is not supported`);
  const id = required(headers, "ce-id").toLowerCase();
  if (!uuid.test(id)) throw invalid("ce-id: not a UUID");
  required(headers, "ce-source");
  const type = required(headers, "ce-type");
  if (type !== eventType(subject))
    throw invalid(`ce-type: ${type} is unknown, expected ${eventType(subject)}`);
  const time = required(headers, "ce-time");
  if (Number.isNaN(Date.parse(time))) throw invalid("ce-time: not a time");
  // Events from outside of Symphony may lack the extension; then each starts a conversation of its own.
  const correlationId = headers?.get("ce-correlationid") || id;
  return { id, name: subject, time, data: parseData(subject, body), correlationId };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseData(name: EventName, body: Uint8Array): EventData<EventName> {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch (error) {
    throw invalid("data: not JSON in UTF-8", error);
  }
  const result = events[name].schema.safeParse(json);
  if (result.success) return result.data;
  // Only paths and rules: an issue may quote a value, and values may be personal.
  const problems = result.error.issues.map(
    (issue) => `${["data", ...issue.path].join(".")}: ${issue.message}`,
  );
  throw invalid(problems.slice(0, 5).join("; "));
}
