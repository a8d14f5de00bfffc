import { type JsMsg, type NatsConnection, NatsError } from "nats";

import { readEvent } from "../../lib/envelope";
import { AppError } from "../../lib/errors";
import { streams } from "../../lib/events";
import { type CountedEvent, countedNames } from "./projection";

/** A counted event as the stream holds it. */
export type StreamEvent = CountedEvent & { id: string };

export type StreamReader = {
  /** The sequence of the last counted event that the stream holds now; 0 where there is none. */
  lastSequence(): Promise<number>;
  /**
   * Yields, in batches, all that lies behind what was read and up to sequence `until`. Throws where the
   * broker stays silent for `silenceMs`.
   */
  read(until: number, silenceMs: number): AsyncGenerator<StreamEvent[]>;
  /**
   * Up to when events may be missing, because the stream has dropped its oldest: undefined where it holds
   * all that it ever took.
   */
  missingUntil(): Promise<Date | undefined>;
};

const stream = streams.events.name;
const batchSize = 1_000;
const noMessageFound = 10037;
const endOfTime = new Date("9999-12-31T23:59:59Z");

/** Reads the events of the stream from its start, each once, in order, without a durable consumer. */
export async function openStream(connection: NatsConnection): Promise<StreamReader> {
  const manager = await connection.jetstreamManager();
  const consumers = connection.jetstream().consumers;
  let position = 0;

  const lastOf = async (subject: string): Promise<number> => {
    try {
      const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
      return message.seq;
    } catch (error) {
      if (error instanceof NatsError && error.api_error?.err_code === noMessageFound) return 0;
      throw error;
    }
  };
  const lastSequence = async () => Math.max(...(await Promise.all(countedNames.map(lastOf))));

  async function* read(until: number, silenceMs: number): AsyncGenerator<StreamEvent[]> {
    if (position >= until) return;
    const consumer = await consumers.get(stream, {
      filterSubjects: [...countedNames],
      opt_start_seq: position + 1,
    });
    const messages = await consumer.consume({ max_messages: batchSize });
    // The iterator would wait for ever for a broker that is gone.
    const silence = setTimeout(() => messages.stop(), silenceMs);
    let batch: StreamEvent[] = [];
    try {
      for await (const message of messages) {
        silence.refresh();
        batch.push(...decode(message));
        position = message.seq;
        if (position >= until) break;
        if (batch.length < batchSize) continue;
        yield batch;
        batch = [];
        silence.refresh();
      }
    } finally {
      clearTimeout(silence);
      await messages.close();
    }
    if (position < until) throw new AppError("peer.timeout", "the broker did not deliver the stream");
    yield batch;
  }

  const missingUntil = async (): Promise<Date | undefined> => {
    const { state } = await manager.streams.info(stream);
    if (state.last_seq === 0 || state.first_seq === 1) return undefined;
    // An empty stream names no time for its first message.
    return state.messages === 0 ? endOfTime : new Date(state.first_ts);
  };

  return { lastSequence, read, missingUntil };
}

/** The event of a message; none where it is not valid, as the live consumer takes no such event either. */
function decode(message: JsMsg): StreamEvent[] {
  try {
    // The consumer's filter lets only counted names through.
    return [readEvent(message.subject, message.headers, message.data) as StreamEvent];
  } catch (error) {
    if (error instanceof AppError && error.code === "event.invalid") return [];
    throw error;
  }
}
