import { SpanKind } from "@opentelemetry/api";

import { type Bus, MessageRefusedError } from "./bus";
import { type Database } from "./db";
import { toMessage } from "./envelope";
import { purgeInbox } from "./inbox";
import { type Log } from "./log";
import { type Metrics } from "./metrics";
import { outboxEvent } from "./outbox";
import {
  claimDue,
  markPublished,
  type OutboxRow,
  purgeOutbox,
  recordRefusals,
  relaySettings,
  release,
} from "./outbox-store";
import { createRelayMetrics } from "./relay-metrics";
import { extractTrace, injectTrace, inSpan } from "./telemetry";

export type RelayOptions = {
  db: Database;
  bus: Bus;
  log: Log;
  metrics: Metrics;
  /** How often it looks for rows that nobody woke it for. @default 500 */
  pollMs?: number;
  /** What attempt² is multiplied with after the broker refused a row. @default 1000 */
  backoffUnitMs?: number;
};

const batchSize = 500;
/** A relay that died holds its rows back for this long. Longer than a publish may take. */
const leaseMs = 10_000;
const refusalsBeforeParking = 5;
/** After a failure of the broker or the database. */
const pauseMs = 1_000;
/** What is left at a stop is sent for at most this long; then the next process does it. */
const lastPassMs = 2_000;
const purgeEveryMs = 60 * 60 * 1000;
const purgeBatch = 1_000;
const dayMs = 24 * 60 * 60 * 1000;
const outboxDays = 7;
/** One more than the outbox, so that no event that can be published again has been forgotten. */
const inboxDays = 8;

type Outcome = {
  published: OutboxRow[];
  refused: { id: string; reason: string }[];
  unsent: string[];
  /** What the broker was in trouble with. */
  trouble?: unknown;
};

/** The rows of each aggregate, in order. */
function byAggregate(rows: OutboxRow[]): OutboxRow[][] {
  const groups = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const group = groups.get(row.aggregate_id);
    if (group === undefined) groups.set(row.aggregate_id, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

async function publishRow(bus: Bus, row: OutboxRow): Promise<void> {
  if (row.traceparent === null) return bus.publish(toMessage(row, null));
  const options = {
    kind: SpanKind.PRODUCER,
    parent: extractTrace({ traceparent: row.traceparent }),
    attributes: {
      "messaging.system": "nats",
      "messaging.operation.type": "send",
      "messaging.operation.name": "publish",
      "messaging.destination.name": row.subject,
      "messaging.message.id": row.id,
      "messaging.message.conversation_id": row.correlation_id,
      "symphony.order.id": row.aggregate_id,
      "symphony.outbox.delay_ms": Math.max(0, Date.now() - row.occurred_at.getTime()),
    },
  };
  await inSpan(`publish ${row.subject}`, options, () =>
    bus.publish(toMessage(row, injectTrace<{ traceparent?: string }>({}).traceparent ?? null)),
  );
}

/** Sends the rows of one aggregate, each after the broker has the one before; stops at the first failure. */
async function publishInOrder(bus: Bus, rows: OutboxRow[], outcome: Outcome): Promise<void> {
  for (const [index, row] of rows.entries()) {
    try {
      await publishRow(bus, row);
      outcome.published.push(row);
    } catch (error) {
      const rest = rows.slice(index);
      if (error instanceof MessageRefusedError) {
        outcome.refused.push({ id: row.id, reason: error.message });
        rest.shift();
      } else {
        outcome.trouble = error;
      }
      outcome.unsent.push(...rest.map((one) => one.id));
      return;
    }
  }
}

/** Sends what the outbox holds, until it is stopped. Any number of relays share the work of one database. */
export function startRelay(options: RelayOptions): { stop(): Promise<void> } {
  const { db, bus, log, metrics, pollMs = 500, backoffUnitMs = 1_000 } = options;
  const observed = createRelayMetrics(db, metrics);
  // Connections of its own: with other settings, and free when the service's requests have taken all of theirs.
  // Two, to claim the next batch while this one is marked.
  const queue = db.reserve(2, relaySettings);
  metrics.watchPool("relay", () => queue.stats());
  const clock = createAlarm();
  let stopBy = Infinity;
  let failing = false;
  /** The next batch, claimed while the one before is published. */
  let ahead: Promise<OutboxRow[]> | undefined;

  const claim = (): Promise<OutboxRow[]> => {
    const rows = claimDue(queue, batchSize, leaseMs);
    // It is awaited later, if at all.
    rows.catch(() => undefined);
    return rows;
  };

  const settle = async (outcome: Outcome): Promise<void> => {
    if (outcome.published.length > 0) {
      await markPublished(
        queue,
        outcome.published.map((row) => row.id),
      );
      outcome.published.forEach(observed.published);
    }
    if (outcome.refused.length > 0) {
      const limits = { limit: refusalsBeforeParking, unitMs: backoffUnitMs };
      const parked = await recordRefusals(queue, outcome.refused, limits);
      for (const row of parked)
        log.error({ outbox: row }, "an event was parked: the broker does not take it");
    }
    if (outcome.unsent.length > 0) await release(queue, outcome.unsent);
  };

  /** Sends one batch; returns how many rows it had. Throws what the broker or the database was in trouble with. */
  const pass = async (): Promise<number> => {
    const claimed = ahead ?? claim();
    ahead = undefined;
    const rows = await claimed;
    if (rows.length === 0) return 0;
    if (rows.length === batchSize) ahead = claim();
    const outcome: Outcome = { published: [], refused: [], unsent: [] };
    await Promise.all(byAggregate(rows).map((group) => publishInOrder(bus, group, outcome)));
    await settle(outcome);
    if (outcome.trouble !== undefined) throw outcome.trouble;
    return rows.length;
  };

  /** What to do next: null is to go on at once, undefined is to end, a number is to wait so many ms. */
  const step = async (): Promise<number | null | undefined> => {
    if (!bus.connected()) return clock.stopped() ? undefined : pauseMs;
    try {
      const sent = await pass();
      if (failing) log.info("the relay sends again");
      failing = false;
      // A batch that was not full emptied the outbox, and whoever fills it again wakes this relay: a look into
      // it would find nothing. At a stop it is worth the look.
      if (sent === batchSize || (sent > 0 && clock.stopped())) return null;
      return clock.stopped() ? undefined : pollMs;
    } catch (error) {
      if (!failing) log.warn({ err: error }, "the relay cannot send, trying every second");
      failing = true;
      if (clock.stopped()) return undefined;
      await clock.pause(pauseMs);
      return null;
    }
  };

  const run = async (): Promise<void> => {
    while (Date.now() < stopBy) {
      const wait = await step();
      if (wait === undefined) break;
      if (wait !== null) await clock.idle(wait);
    }
    // What was claimed and not sent is free for another relay at once, rather than at the end of its lease.
    const rest = await ahead?.catch(() => undefined);
    if (rest !== undefined && rest.length > 0) {
      await release(
        queue,
        rest.map((row) => row.id),
      ).catch(() => undefined);
    }
  };

  db.on(outboxEvent, clock.wake);
  bus.onReady(clock.wake);
  const purgeTimer = setInterval(() => void purge(db, log, clock.stopped), purgeEveryMs).unref();
  const running = run();

  return {
    stop: async () => {
      stopBy = Date.now() + lastPassMs;
      clearInterval(purgeTimer);
      db.off(outboxEvent, clock.wake);
      bus.offReady(clock.wake);
      clock.stop();
      await running;
      await queue.close();
    },
  };
}

/** Waits that end early: `idle` at a `wake`, also at one that came before; both at a `stop`. */
function createAlarm() {
  let woken = false;
  let stopped = false;
  let ring: (() => void) | undefined;

  const wait = async (ms: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    ring = undefined;
  };

  return {
    stopped: () => stopped,
    wake: (): void => {
      woken = true;
      ring?.();
    },
    stop: (): void => {
      stopped = true;
      ring?.();
    },
    idle: async (ms: number): Promise<void> => {
      if (!woken && !stopped) await wait(ms);
      woken = false;
    },
    pause: async (ms: number): Promise<void> => {
      const until = Date.now() + ms;
      while (!stopped && Date.now() < until) await wait(until - Date.now());
    },
  };
}

async function purge(db: Database, log: Log, stopped: () => boolean): Promise<void> {
  const older = (days: number): Date => new Date(Date.now() - days * dayMs);
  try {
    while (!stopped() && (await purgeOutbox(db, older(outboxDays), purgeBatch)) === purgeBatch);
    while (!stopped() && (await purgeInbox(db, older(inboxDays), purgeBatch)) === purgeBatch);
  } catch (error) {
    log.warn({ err: error }, "old events could not be purged");
  }
}
