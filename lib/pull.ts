import {
  AckPolicy,
  createInbox,
  DeliverPolicy,
  type Msg,
  type MsgHdrs,
  nanos,
  type NatsConnection,
  NatsError,
  ReplayPolicy,
  type Subscription,
} from "nats";

import { type Bus, inboxPrefix } from "./bus";
import { type Log } from "./log";

/** One delivery of a message. It is settled by exactly one of `ack`, `nak` and `term`. */
export type Delivery = {
  readonly subject: string;
  readonly headers: MsgHdrs | undefined;
  readonly data: Uint8Array;
  /** 1 for the first delivery. */
  readonly attempt: number;
  readonly streamSeq: number;
  ack(): void;
  /** Asks for another delivery, not before `delayMs`. */
  nak(delayMs: number): void;
  /** No further delivery. */
  term(): void;
};

export type PullOptions = {
  bus: Bus;
  log: Log;
  stream: string;
  /** Name of the durable consumer, created where it is missing. */
  durable: string;
  subjects: string[];
  /** How many deliveries may be unsettled here at a time. */
  limit: number;
  receive(delivery: Delivery): void;
};

export type Pull = {
  /** Stops pulling; what still arrives goes back to the broker. Settle what is in hand before the bus closes. */
  stop(): Promise<void>;
  /** How many messages of the stream are still to be delivered; undefined where the broker cannot be asked. */
  lag(): Promise<number | undefined>;
};

/**
 * After this time a delivery that was lost, with its connection or its process, is made again. A saga has 30 s
 * to its deadline and must survive one.
 */
const ackWaitMs = 10_000;
/** While a message is in hand, the broker hears of it this often. */
const heartbeatMs = 3_000;
/** A pull that got lost is made again after this time. */
const pullExpiresMs = 5_000;
const pullGraceMs = 2_000;
const retryMs = 1_000;
const consumerNotFound = 10014;

/** Where the broker counts this delivery: `$JS.ACK[.<domain>.<account>].<stream>.<consumer>.<deliveries>.<stream seq>.…` */
function positionOf(reply: string): { attempt: number; streamSeq: number } {
  const tokens = reply.split(".");
  const offset = tokens.length > 9 ? 6 : 4;
  return { attempt: Number(tokens[offset]), streamSeq: Number(tokens[offset + 1]) };
}

/**
 * Creates the durable consumer, or gives it these subjects. One that is right already is only looked at: more
 * the user may not do where someone else owns the consumers.
 */
export async function ensureConsumer(
  connection: NatsConnection,
  { stream, durable, subjects }: Pick<PullOptions, "stream" | "durable" | "subjects">,
): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 5_000 });
  const existing = await manager.consumers.info(stream, durable).catch((error: unknown) => {
    if (error instanceof NatsError && error.api_error?.err_code === consumerNotFound) return undefined;
    throw error;
  });
  const { filter_subjects: several, filter_subject: one, ack_wait: ackWait } = existing?.config ?? {};
  const filter = several ?? (one === undefined ? [] : [one]);
  const same = filter.length === subjects.length && subjects.every((subject) => filter.includes(subject));
  if (same && ackWait === nanos(ackWaitMs)) return;
  const config = { filter_subjects: subjects, ack_wait: nanos(ackWaitMs) };
  if (existing !== undefined) {
    await manager.consumers.update(stream, durable, config);
    return;
  }
  await manager.consumers.add(stream, {
    ...config,
    durable_name: durable,
    ack_policy: AckPolicy.Explicit,
    // The consumer counts itself: at the broker's limit a message would be dropped without a dead letter.
    max_deliver: -1,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
  });
}

/**
 * Pulls from a durable consumer of a stream: one request at a time, for as many messages as there is room.
 * The client's own consume() goes on delivering while nothing is settled, and does not create the consumer
 * again that a broker lost with its data.
 */
export function startPull(options: PullOptions): Pull {
  const { bus, log, stream, durable, limit, receive } = options;
  const inHand = new Set<Msg>();
  /** Counts attachments: only what belongs to the latest one is acknowledged. */
  let generation = 0;
  let stopping = false;
  let pulls = 0;
  let wanted = 0;
  let connection: NatsConnection | undefined;
  let subscription: Subscription | undefined;
  let inbox = "";
  let timer: NodeJS.Timeout | undefined;
  let attaching: Promise<void> | undefined;

  const later = (work: () => void, ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(work, ms).unref();
  };

  const pullMore = (): void => {
    const room = limit - inHand.size;
    if (stopping || connection === undefined || subscription === undefined || wanted > 0) return;
    // A request for each message that is settled would cost more than the messages.
    if (room < limit / 4) return;
    pulls += 1;
    wanted = room;
    const request = JSON.stringify({ batch: room, expires: nanos(pullExpiresMs) });
    try {
      connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, request, {
        reply: `${inbox}.${String(pulls)}`,
      });
      later(attach, pullExpiresMs + pullGraceMs);
    } catch {
      // The connection is closed; the bus opens another one and says so.
      wanted = 0;
    }
  };

  const onStatus = (message: Msg): void => {
    if (message.subject !== `${inbox}.${String(pulls)}`) return;
    const code = message.headers?.code;
    if (code === 100) return;
    wanted = 0;
    // 404 and 408 end a pull that found nothing. All else: the consumer or the stream is gone, or the broker is going.
    if (code === 404 || code === 408) return pullMore();
    log.debug({ code, description: message.headers?.description }, "the broker ended a pull");
    later(() => {
      bus.checkStreams();
      attach();
    }, retryMs);
  };

  const deliver = (message: Msg, born: number): void => {
    const settle = (payload: string): void => {
      if (!inHand.delete(message)) return;
      // A broker that lost its data counts from 1 again, where the old position is another message.
      if (born === generation) respond(message, payload);
      pullMore();
    };
    inHand.add(message);
    const delivery: Delivery = {
      subject: message.subject,
      headers: message.headers,
      data: message.data,
      ...positionOf(message.reply ?? ""),
      ack: () => settle("+ACK"),
      nak: (delayMs) => settle(`-NAK ${JSON.stringify({ delay: nanos(Math.round(delayMs)) })}`),
      term: () => settle("+TERM"),
    };
    if (stopping) delivery.nak(0);
    else receive(delivery);
  };

  const subscribe = (to: NatsConnection): Subscription => {
    generation += 1;
    wanted = 0;
    const born = generation;
    inbox = createInbox(inboxPrefix(durable));
    return to.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error !== null) return;
        if (!message.reply?.startsWith("$JS.ACK.")) return onStatus(message);
        // Sent before this attachment was given up: back at once rather than after the time for an acknowledgement.
        if (born !== generation) return respond(message, "-NAK");
        wanted = Math.max(0, wanted - 1);
        if (wanted === 0) clearTimeout(timer);
        deliver(message, born);
        if (wanted === 0) pullMore();
      },
    });
  };

  const attachNow = async (): Promise<void> => {
    try {
      connection = await bus.connection(retryMs * 5);
      await ensureConsumer(connection, options);
      if (stopping) return;
      // Drained rather than ended, for what the broker has sent to it already. A closed one has nothing to come.
      void subscription?.drain().catch(() => undefined);
      subscription = subscribe(connection);
      pullMore();
    } catch (error) {
      if (stopping) return;
      if (bus.connected()) {
        log.warn({ err: error, durable }, "the consumer could not be attached");
        bus.checkStreams();
      }
      later(attach, retryMs);
    }
  };

  const attach = (): void => {
    if (stopping) return;
    attaching ??= attachNow().finally(() => (attaching = undefined));
  };

  const heartbeat = setInterval(() => {
    for (const message of inHand) respond(message, "+WPI");
  }, heartbeatMs).unref();
  bus.onReady(attach);
  attach();

  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      bus.offReady(attach);
      await attaching;
      // Drains rather than unsubscribes: what the broker has sent already must go back to it at once.
      if (bus.connected()) await subscription?.drain().catch(() => undefined);
      clearInterval(heartbeat);
    },
    lag: async () => {
      if (!bus.connected() || connection === undefined) return undefined;
      const manager = await connection.jetstreamManager({ checkAPI: false, timeout: 1_000 });
      const info = await manager.consumers.info(stream, durable);
      return info.num_pending;
    },
  };
}

function respond(message: Msg, payload: string): void {
  try {
    message.respond(payload);
  } catch {
    // The connection is closed: the broker delivers the message again.
  }
}
