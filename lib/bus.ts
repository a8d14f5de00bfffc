import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import {
  connect,
  type ConnectionOptions,
  DiscardPolicy,
  ErrorCode,
  Events,
  nanos,
  type NatsConnection,
  NatsError,
  RetentionPolicy,
  StorageType,
} from "nats";

import { streams } from "./events";
import { type Log } from "./log";
import { createPublisher, NotStoredError, type Publisher } from "./publisher";

export type BusMessage = {
  subject: string;
  /** Nats-Msg-Id: within the stream's duplicate window the broker stores an id once. */
  id: string;
  headers: Record<string, string>;
  data: string | Uint8Array;
};

export type Bus = {
  /**
   * Stores a message in its stream and resolves once the broker says so. Throws `MessageRefusedError` where
   * this message will never be accepted, and any other error where the broker could not be asked.
   */
  publish(message: BusMessage): Promise<void>;
  /** Whether the broker is there and has its streams. */
  connected(): boolean;
  /** The connection, once `connected()`. Rejects after `timeoutMs`, or when the bus is closed. */
  connection(timeoutMs?: number): Promise<NatsConnection>;
  /** Calls `listener` each time the broker is there (again) and has its streams. */
  onReady(listener: () => void): void;
  offReady(listener: () => void): void;
  /** Looks again whether the broker has its streams: it may have lost them without losing the connection. */
  checkStreams(): void;
  /** Sends what is buffered, then disconnects. */
  close(): Promise<void>;
};

/** The broker will not take this message, however often it is sent: too large, no stream for its subject. */
export class MessageRefusedError extends Error {
  override readonly name = "MessageRefusedError";
}

export type BusOptions = {
  /** nats://user:password@host:port, several separated by commas. */
  url: string;
  /** How the connection shows in the broker's monitoring. */
  name: string;
  log: Log;
  /** Copies of each stream that this creates; 3 on a cluster of three brokers. @default 1 */
  replicas?: number;
};

const reconnectMs = 1_000;
/** Shorter than the relay's lease, so that a row is not claimed by another relay while it waits here. */
const publishTimeoutMs = 5_000;
const duplicateWindowMs = 2 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;
const streamNotFound = 10059;

/**
 * Where answers to `name` arrive, deliveries of events among them. Each service has its own, so that the broker
 * can keep one from listening to another's.
 */
export function inboxPrefix(name: string): string {
  return `_INBOX.${name}`;
}

function connectionOptions({ url, name }: BusOptions): ConnectionOptions {
  const addresses = url.split(",").map((part) => new URL(part.trim()));
  const [first] = addresses;
  return {
    servers: addresses.map((address) => `${address.protocol}//${address.host}`),
    ...(first?.username
      ? { user: decodeURIComponent(first.username), pass: decodeURIComponent(first.password) }
      : {}),
    name,
    ...(/^[\w-]+$/.test(name) ? { inboxPrefix: inboxPrefix(name) } : {}),
    maxReconnectAttempts: -1,
    reconnectTimeWait: reconnectMs,
    timeout: 3_000,
    // A broker that vanished without closing the connection is noticed within 20 s.
    pingInterval: 10_000,
    maxPingOut: 2,
    // A broker that restarts with its users not loaded yet must not end the reconnects.
    ignoreAuthErrorAbort: true,
    // A stack for every request costs more than the request.
    noAsyncTraces: true,
  };
}

/** Creates the streams that are missing. What operators changed on an existing stream stays as it is. */
async function ensureStreams(connection: NatsConnection, replicas: number): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const wanted = [
    { ...streams.events, maxAgeMs: 7 * dayMs },
    { ...streams.deadLetters, maxAgeMs: 30 * dayMs },
  ];
  for (const { name, subjects, maxAgeMs } of wanted) {
    try {
      // Asked first: where someone else owns the streams, this user may look at them and nothing more.
      const { config } = await manager.streams.info(name);
      const missing = subjects.filter((subject) => !config.subjects.includes(subject));
      if (missing.length > 0) {
        await manager.streams.update(name, { ...config, subjects: [...config.subjects, ...missing] });
      }
    } catch (error) {
      if (!(error instanceof NatsError) || error.api_error?.err_code !== streamNotFound) throw error;
      await manager.streams.add({
        name,
        subjects: [...subjects],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        discard: DiscardPolicy.Old,
        num_replicas: replicas,
        max_age: nanos(maxAgeMs),
        duplicate_window: nanos(duplicateWindowMs),
        allow_direct: true,
      });
    }
  }
}

const subjectPatterns = [...streams.events.subjects, ...streams.deadLetters.subjects].map(
  (subject) => new RegExp(`^${subject.replaceAll(".", "\\.").replace("*", "[^.]+").replace(">", ".+")}$`),
);

/** What a failed publish says of its message; undefined where it only says that the broker is in trouble. */
function refusal(error: unknown, subject: string): MessageRefusedError | undefined {
  if (error instanceof NotStoredError) {
    // Nobody answers on a subject that the streams have: the broker has lost them and will get them back.
    const noStream = error.code === 503 && !subjectPatterns.some((pattern) => pattern.test(subject));
    const reason = noStream ? `no stream takes the subject ${subject}` : error.message;
    return noStream || error.code === 400 ? new MessageRefusedError(reason, { cause: error }) : undefined;
  }
  const refused = error instanceof TypeError || (error instanceof NatsError && refusals.has(error.code));
  return refused ? new MessageRefusedError(error.message, { cause: error }) : undefined;
}

/** What the client refuses to send. */
const refusals = new Set<string>([ErrorCode.MaxPayloadExceeded, ErrorCode.BadSubject, ErrorCode.BadHeader]);

/**
 * Connects to the broker in the background and stays connected: it tries again every second for ever. The
 * streams are created after every connect, because a broker that lost its data comes back without them.
 */
export function connectBus(options: BusOptions): Bus {
  const { log, replicas = 1 } = options;
  const settings = connectionOptions(options);
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  const abort = new AbortController();
  let current: NatsConnection | undefined;
  let publisher: Publisher | undefined;
  let ready = false;
  let ensuring = false;
  let online = false;

  const pause = (): Promise<void> =>
    sleep(reconnectMs, undefined, { signal: abort.signal }).catch(() => undefined);

  const connectOnce = async (): Promise<NatsConnection | undefined> => {
    for (let attempt = 1; !abort.signal.aborted; attempt += 1) {
      try {
        return await connect(settings);
      } catch (error) {
        if (attempt === 1) log.warn({ err: error }, "the broker cannot be reached, trying every second");
        await pause();
      }
    }
    return undefined;
  };

  const ensure = async (connection: NatsConnection): Promise<void> => {
    if (ensuring) return;
    ensuring = true;
    try {
      while (online && !abort.signal.aborted && !connection.isClosed()) {
        try {
          await ensureStreams(connection, replicas);
          if (!online) break;
          const news = !ready;
          ready = true;
          if (news) emitter.emit("ready");
          return;
        } catch (error) {
          log.warn({ err: error }, "the broker does not give its streams yet");
          await pause();
        }
      }
    } finally {
      ensuring = false;
    }
    // Lost and found again while the loop was in its last call: the reconnect's own call found it busy.
    if (online && !ready && !abort.signal.aborted) void ensure(connection);
  };

  const watch = async (connection: NatsConnection): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === Events.Disconnect) {
        online = ready = false;
        publisher?.failAll(new Error("the connection to the broker is lost"));
        log.warn("the broker is gone, trying every second");
      } else if (status.type === Events.Reconnect) {
        online = true;
        log.info("the broker is back");
        void ensure(connection);
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      const connection = await connectOnce();
      if (connection === undefined) return;
      if (abort.signal.aborted) return connection.close();
      current = connection;
      publisher = createPublisher(connection, {
        timeoutMs: publishTimeoutMs,
        inboxPrefix: settings.inboxPrefix,
      });
      online = true;
      void watch(connection);
      void ensure(connection);
      const error = await connection.closed();
      online = ready = false;
      publisher.close();
      if (error) log.warn({ err: error }, "the connection to the broker ended, opening a new one");
    }
  };
  void run();

  const checkStreams = (): void => {
    if (online && current !== undefined) void ensure(current);
  };

  const publish = async (message: BusMessage): Promise<void> => {
    if (!ready || publisher === undefined) throw new Error("the broker is not connected");
    try {
      await publisher.publish(message);
    } catch (error) {
      const refused = refusal(error, message.subject);
      if (refused !== undefined) throw refused;
      if (error instanceof NotStoredError && error.code === 503) {
        ready = false;
        checkStreams();
      }
      throw error;
    }
  };

  const connection = (timeoutMs = 30_000): Promise<NatsConnection> =>
    new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        emitter.off("ready", onReady);
        abort.signal.removeEventListener("abort", onAbort);
        if (error === undefined && current !== undefined) resolve(current);
        else reject(error ?? new Error("the broker is not connected"));
      };
      const onReady = (): void => settle();
      const onAbort = (): void => settle(new Error("the bus is closed"));
      const timer = setTimeout(() => {
        settle(new Error(`the broker could not be reached within ${String(timeoutMs)} ms`));
      }, timeoutMs);
      emitter.on("ready", onReady);
      abort.signal.addEventListener("abort", onAbort);
      if (abort.signal.aborted) onAbort();
      else if (ready) settle();
    });

  return {
    publish,
    connected: () => ready,
    connection,
    onReady: (listener) => void emitter.on("ready", listener),
    offReady: (listener) => void emitter.off("ready", listener),
    checkStreams,
    close: async () => {
      abort.abort();
      ready = false;
      if (current === undefined || current.isClosed()) return;
      // A drain asks the broker, which may be gone for good.
      if (online)
        await Promise.race([current.drain(), sleep(2_000, undefined, { ref: false })]).catch(() => undefined);
      if (!current.isClosed()) await current.close();
    },
  };
}
