import { SpanKind } from "@opentelemetry/api";
import { Counter, Gauge } from "prom-client";

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
  outboxState,
  purgeOutbox,
  recordRefusals,
  release,
} from "./outbox-store";
import { extractTrace, injectTrace, inSpan, isInstrumented } from "./telemetry";

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
  published: string[];
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
  if (!isInstrumented()) return bus.publish(toMessage(row, row.traceparent));
  const options = {
    kind: SpanKind.PRODUCER,
    parent: extractTrace({ traceparent: row.traceparent ?? undefined }),
    attributes: { "messaging.system": "nats", "messaging.destination.name": row.subject },
  };
  await inSpan(`publish ${row.subject}`, options, () =>
    bus.publish(toMessage(row, injectTrace<{ traceparent?: string }>({}).traceparent ?? row.traceparent)),
  );
}

/** Sends the rows of one aggregate, each after the broker has the one before; stops at the first failure. */
async function publishInOrder(bus: Bus, rows: OutboxRow[], outcome: Outcome): Promise<void> {
  for (const [index, row] of rows.entries()) {
    try {
      await publishRow(bus, row);
      outcome.published.push(row.id);
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
  const published = registerMetrics(db, metrics);
  let stopping = false;
  let stopBy = Infinity;
  let awake = false;
  let wakeUp: (() => void) | undefined;

  const wake = (): void => {
    awake = true;
    wakeUp?.();
  };

  /** Until `wake()`, or for `ms`; a wake that came while nobody waited counts. */
  const idle = async (ms: number): Promise<void> => {
    if (!awake && !stopping) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wakeUp = undefined;
    }
    awake = false;
  };

  /** Nothing but a stop ends a pause early. */
  const pause = async (): Promise<void> => {
    const until = Date.now() + pauseMs;
    while (!stopping && Date.now() < until) await idle(until - Date.now());
  };

  const settle = async (outcome: Outcome): Promise<void> => {
    if (outcome.published.length > 0) {
      await markPublished(db, outcome.published);
      published.inc(outcome.published.length);
    }
    if (outcome.refused.length > 0) {
      const parked = await recordRefusals(db, outcome.refused, {
        limit: refusalsBeforeParking,
        unitMs: backoffUnitMs,
      });
      for (const row of parked)
        log.error({ outbox: row }, "an event was parked: the broker does not take it");
    }
    if (outcome.unsent.length > 0) await release(db, outcome.unsent);
  };

  /** One batch; returns how many rows it had, and whether the broker failed. */
  const pass = async (): Promise<{ claimed: number; failed: boolean }> => {
    const rows = await claimDue(db, batchSize, leaseMs);
    if (rows.length === 0) return { claimed: 0, failed: false };
    const outcome: Outcome = { published: [], refused: [], unsent: [] };
    await Promise.all(byAggregate(rows).map((group) => publishInOrder(bus, group, outcome)));
    await settle(outcome);
    const failed = outcome.trouble !== undefined;
    if (failed)
      log.warn({ err: outcome.trouble, events: outcome.unsent.length }, "the relay waits for the broker");
    return { claimed: rows.length, failed };
  };

  const run = async (): Promise<void> => {
    while (!stopping || Date.now() < stopBy) {
      if (!bus.connected()) {
        if (stopping) return;
        await idle(pauseMs);
        continue;
      }
      try {
        const { claimed, failed } = await pass();
        if (failed) await pause();
        else if (claimed === 0) {
          if (stopping) return;
          await idle(pollMs);
        }
        if (failed && stopping) return;
      } catch (error) {
        log.warn({ err: error }, "the relay cannot reach its database");
        if (stopping) return;
        await pause();
      }
    }
  };

  const purge = async (): Promise<void> => {
    const older = (days: number): Date => new Date(Date.now() - days * dayMs);
    try {
      while (!stopping && (await purgeOutbox(db, older(outboxDays), purgeBatch)) === purgeBatch);
      while (!stopping && (await purgeInbox(db, older(inboxDays), purgeBatch)) === purgeBatch);
    } catch (error) {
      log.warn({ err: error }, "old events could not be purged");
    }
  };

  db.on(outboxEvent, wake);
  bus.onReady(wake);
  const purgeTimer = setInterval(() => void purge(), purgeEveryMs).unref();
  const running = run();

  return {
    stop: async () => {
      stopping = true;
      stopBy = Date.now() + lastPassMs;
      clearInterval(purgeTimer);
      db.off(outboxEvent, wake);
      bus.offReady(wake);
      wake();
      await running;
    },
  };
}

function registerMetrics(db: Database, metrics: Metrics): Counter {
  const registers = [metrics.registry];
  type State = Awaited<ReturnType<typeof outboxState>>;
  let loading: Promise<State | undefined> | undefined;
  /** One query for the gauges of one scrape. Without a database there is nothing to say, and no reason to fail. */
  const load = (): Promise<State | undefined> =>
    (loading ??= outboxState(db)
      .catch(() => undefined)
      .finally(() => (loading = undefined)));
  const gauge = (name: string, help: string, value: (state: State) => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        const state = await load();
        this.set(state === undefined ? Number.NaN : value(state));
      },
    });
  gauge("outbox_pending_events", "Events that wait to be published", (state) => state.pending);
  gauge(
    "outbox_oldest_pending_seconds",
    "Age of the oldest event that waits",
    (state) => state.oldestSeconds,
  );
  gauge("outbox_parked_events", "Events that the broker refused for good", (state) => state.parked);
  return new Counter({
    name: "outbox_published_events",
    help: "Events that this process published",
    registers,
  });
}
