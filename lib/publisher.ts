import {
  createInbox,
  ErrorCode,
  headers as createHeaders,
  type Msg,
  type NatsConnection,
  NatsError,
} from "nats";

import { type BusMessage } from "./bus";

/** The broker answered that it did not store the message. `code` is like an HTTP status; 503 is nobody at home. */
export class NotStoredError extends Error {
  override readonly name = "NotStoredError";
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export type Publisher = {
  /** Resolves once the broker has stored the message. Throws NotStoredError, or why there was no answer. */
  publish(message: BusMessage): Promise<void>;
  /** Fails whatever waits for an answer. */
  failAll(reason: Error): void;
  close(): void;
};

type Waiting = { sentAt: number; resolve(): void; reject(error: Error): void };

const sweepMs = 500;
const textEncoder = new TextEncoder();

/**
 * Publishes to streams with any number of answers outstanding. One subscription and one timer serve them all:
 * the client's own request takes a timer, three promises and 30 µs for each message, which was a third of the
 * relay's work.
 */
export function createPublisher(
  connection: NatsConnection,
  { timeoutMs, inboxPrefix }: { timeoutMs: number; inboxPrefix?: string | undefined },
): Publisher {
  const waiting = new Map<string, Waiting>();
  const inbox = createInbox(inboxPrefix);
  let next = 0;

  const settle = (key: string, error?: Error): void => {
    const entry = waiting.get(key);
    waiting.delete(key);
    if (error === undefined) entry?.resolve();
    else entry?.reject(error);
  };

  const subscription = connection.subscribe(`${inbox}.*`, {
    callback: (error, message) => {
      if (error === null) settle(message.subject, problemOf(message));
    },
  });

  const sweep = setInterval(() => {
    const limit = performance.now() - timeoutMs;
    for (const [key, { sentAt }] of waiting) {
      // Oldest first, as a Map keeps its order.
      if (sentAt > limit) return;
      settle(key, new NatsError("the broker did not answer in time", ErrorCode.Timeout));
    }
  }, sweepMs).unref();

  const failAll = (reason: Error): void => {
    for (const key of [...waiting.keys()]) settle(key, reason);
  };

  return {
    publish: ({ subject, id, headers, data }) =>
      new Promise((resolve, reject) => {
        const map = createHeaders();
        for (const name of Object.keys(headers)) map.set(name, headers[name] ?? "");
        map.set("Nats-Msg-Id", id);
        const reply = `${inbox}.${String((next += 1))}`;
        const payload = typeof data === "string" ? textEncoder.encode(data) : data;
        // Throws where the client itself refuses the message.
        connection.publish(subject, payload, { headers: map, reply });
        waiting.set(reply, { sentAt: performance.now(), resolve, reject });
      }),
    failAll,
    close: () => {
      clearInterval(sweep);
      subscription.unsubscribe();
      failAll(new Error("the connection to the broker is closed"));
    },
  };
}

type Answer = { error?: { code: number; description?: string } };

function problemOf(message: Msg): Error | undefined {
  const status = message.headers?.code ?? 0;
  if (status >= 400)
    return new NotStoredError(status, message.headers?.description || "nobody stores this subject");
  const { error } = message.json<Answer>();
  return error === undefined ? undefined : new NotStoredError(error.code, error.description ?? "not stored");
}
