import { randomUUID } from "node:crypto";

import {
  AckPolicy,
  DeliverPolicy,
  ErrorCode,
  type MsgHdrs,
  nanos,
  type NatsConnection,
  NatsError,
  type StoredMsg,
} from "nats";

import { type Bus, type BusMessage } from "./bus";
import { AppError } from "./errors";
import { replayedHeader } from "./event-span";
import { streams } from "./events";
import { type Delivery } from "./pull";

export type DeadLetter = {
  /** Its place in the dead-letter stream; names it to `showDeadLetter` and `replayDeadLetter`. */
  seq: number;
  /** The service that could not handle it. */
  consumer: string;
  /** The event. */
  subject: string;
  eventId: string;
  reason: string;
  attempts: number;
  /** When it was given up, ISO 8601. */
  time: string;
  headers: Record<string, string>;
  /** The body: parsed where it is JSON. */
  data: unknown;
};

const prefix = "Symphony-Dlq-";
const stream = streams.deadLetters.name;
const timeoutMs = 5_000;

/** A header is one line of ASCII; the CloudEvents binding for NATS percent-encodes all else. */
function headerValue(text: string): string {
  return (
    text
      .slice(0, 1_000)
      // A lone half of a surrogate pair cannot be encoded.
      .replaceAll(/\s+|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, " ")
      .replaceAll(/[^\x20-\x7e]+|%/g, (part) => encodeURIComponent(part))
  );
}

function decodeHeaderValue(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function toRecord(headers: MsgHdrs | undefined): Record<string, string> {
  return Object.fromEntries((headers?.keys() ?? []).map((name) => [name, headers?.get(name) ?? ""]));
}

/** What is stored of a message that `service` gave up, with its original headers and body. */
export function toDeadLetter(service: string, delivery: Delivery, reason: string): BusMessage {
  const { subject, headers, data, attempt, streamSeq } = delivery;
  return {
    subject: `dlq.${service}.${subject}`,
    // By position, so that a replayed event that fails again is a dead letter of its own.
    id: `dlq-${service}-${String(streamSeq)}`,
    headers: {
      ...toRecord(headers),
      [`${prefix}Reason`]: headerValue(reason),
      [`${prefix}Attempts`]: String(attempt),
      [`${prefix}Consumer`]: service,
      [`${prefix}Stream-Seq`]: String(streamSeq),
      [`${prefix}Time`]: new Date().toISOString(),
    },
    data,
  };
}

const textDecoder = new TextDecoder();

function parseBody(body: Uint8Array): unknown {
  const text = textDecoder.decode(body);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function toLetter(
  seq: number,
  subject: string,
  message: { headers: MsgHdrs | undefined; data: Uint8Array },
): DeadLetter {
  const headers = toRecord(message.headers);
  const [, consumer = "", ...original] = subject.split(".");
  return {
    seq,
    consumer,
    subject: original.join("."),
    eventId: headers["ce-id"] ?? "",
    reason: decodeHeaderValue(headers[`${prefix}Reason`] ?? ""),
    attempts: Number(headers[`${prefix}Attempts`] ?? 0),
    time: headers[`${prefix}Time`] ?? "",
    headers,
    data: parseBody(message.data),
  };
}

async function open(bus: Bus): Promise<NatsConnection> {
  return bus.connection(timeoutMs);
}

async function read(connection: NatsConnection, seq: number): Promise<StoredMsg | undefined> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
  try {
    return await manager.streams.getMessage(stream, { seq });
  } catch (error) {
    const status = error instanceof NatsError ? (error.api_error?.code ?? error.code) : undefined;
    if (String(status) === (ErrorCode.JetStream404NoMessages as string)) return undefined;
    throw error;
  }
}

/**
 * The dead letters, newest first, at most `limit` (100) and of one `consumer` where it is given. Throws where
 * the broker cannot be reached within 5 s.
 */
export async function listDeadLetters(
  bus: Bus,
  { limit = 100, consumer = "*" }: { limit?: number; consumer?: string } = {},
): Promise<DeadLetter[]> {
  const connection = await open(bus);
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
  const filter = `dlq.${consumer}.>`;
  const { state } = await manager.streams.info(stream);
  // The broker reads a stream forwards only: look at a stretch before its end, and at more if that was too little.
  for (let stretch = 2 * limit; ; stretch *= 8) {
    const from = Math.max(state.first_seq, state.last_seq - stretch + 1, 1);
    const { name, num_pending: count } = await manager.consumers.add(stream, {
      filter_subjects: [filter],
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from,
      ack_policy: AckPolicy.None,
      inactive_threshold: nanos(timeoutMs),
      mem_storage: true,
    });
    if (count >= limit || from <= Math.max(state.first_seq, 1)) {
      const letters = await readAll(connection, name, count);
      return letters.reverse().slice(0, limit);
    }
    await manager.consumers.delete(stream, name);
  }
}

/** The `count` messages that the consumer `name` has to give. */
async function readAll(connection: NatsConnection, name: string, count: number): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  if (count === 0) return letters;
  const consumer = await connection.jetstream().consumers.get(stream, name);
  const messages = await consumer.fetch({ max_messages: count, expires: timeoutMs });
  for await (const { seq, subject, headers, data } of messages) {
    letters.push(toLetter(seq, subject, { headers, data }));
  }
  await consumer.delete();
  return letters;
}

async function find(connection: NatsConnection, seq: number): Promise<StoredMsg> {
  const message = await read(connection, seq);
  if (message === undefined)
    throw new AppError("dead_letter.not_found", `there is no dead letter ${String(seq)}`);
  return message;
}

/** One dead letter. Throws `dead_letter.not_found`. */
export async function showDeadLetter(bus: Bus, seq: number): Promise<DeadLetter> {
  const { subject, header, data } = await find(await open(bus), seq);
  return toLetter(seq, subject, { headers: header, data });
}

/**
 * Publishes the event of a dead letter again, on its own subject and with its own id, and deletes the dead
 * letter once the broker has it. Services that handled the event find it in their inbox; the one that gave it
 * up handles it. Throws `dead_letter.not_found`.
 */
export async function replayDeadLetter(bus: Bus, seq: number): Promise<DeadLetter> {
  const connection = await open(bus);
  const message = await find(connection, seq);
  const letter = toLetter(seq, message.subject, { headers: message.header, data: message.data });
  const headers = Object.fromEntries(
    Object.entries(letter.headers).filter(([name]) => !name.startsWith(prefix) && !name.startsWith("Nats-")),
  );
  // The event's own id may still be in the stream's duplicate window, where the broker would drop it.
  const again = { subject: letter.subject, id: randomUUID(), headers, data: message.data };
  headers[replayedHeader] = new Date().toISOString();
  await bus.publish(again);
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
  await manager.streams.deleteMessage(stream, seq);
  return letter;
}

/** How many dead letters of `service` are stored; undefined where the broker is not connected. */
export async function countDeadLetters(bus: Bus, service: string): Promise<number | undefined> {
  if (!bus.connected()) return undefined;
  return countIn(await open(bus), `dlq.${service}.>`);
}

async function countIn(connection: NatsConnection, filter: string): Promise<number> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: timeoutMs });
  const { state } = await manager.streams.info(stream, { subjects_filter: filter });
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
}
