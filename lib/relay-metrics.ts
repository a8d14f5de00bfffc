import { Counter, Gauge, Histogram } from "prom-client";

import { type Queryable } from "./db";
import { exemplar, type Metrics } from "./metrics";
import { type OutboxRow, outboxState } from "./outbox-store";
import { spanContextOf } from "./telemetry";

export type RelayMetrics = { published(row: OutboxRow): void };

// From the wish (10 ms) to a broker that was away for an hour.
const delaySeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600];

/** The metrics of a service's outbox. The gauges ask the database at each scrape. */
export function createRelayMetrics(db: Queryable, { registry }: Metrics): RelayMetrics {
  const registers = [registry];
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
  const published = new Counter({
    name: "outbox_published_events_total",
    help: "Events that this process published",
    registers,
  });
  const delay = new Histogram({
    name: "outbox_publish_delay_seconds",
    help: "Seconds from the writing of an event until the broker had stored it",
    buckets: delaySeconds,
    registers,
    enableExemplars: true,
  });
  return {
    published(row) {
      published.inc();
      delay.observe({
        value: Math.max(0, Date.now() - row.occurred_at.getTime()) / 1000,
        exemplarLabels: exemplar(spanContextOf(row.traceparent ?? undefined)),
      });
    },
  };
}
