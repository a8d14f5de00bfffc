import { Counter, Gauge, Histogram } from "prom-client";

import { isEventName } from "./events";
import { callSeconds, exemplar, type Metrics } from "./metrics";
import { type Delivery } from "./pull";
import { spanContextOf } from "./telemetry";

/** What came of a delivery. */
export type Outcome = "handled" | "duplicate" | "skipped" | "retried" | "dead";

export type ConsumerMetrics = {
  /** A delivery is settled; `since` is when it came, in ms of performance.now(). */
  settled(delivery: Delivery, outcome: Outcome, since: number): void;
  redelivered(delivery: Delivery): void;
};

const eventLabel = ({ subject }: Delivery): string => (isEventName(subject) ? subject : "unknown");

/** The metrics of a service's consumer. `lag` and `deadLetters` are asked at each scrape. */
export function createConsumerMetrics(
  { registry }: Metrics,
  ask: { lag(): Promise<number | undefined>; deadLetters(): Promise<number | undefined> },
): ConsumerMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => Promise<number | undefined>): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        // A broker that is away has nothing to say, and a scrape must not fail for it.
        this.set((await read().catch(() => undefined)) ?? Number.NaN);
      },
    });
  gauge("consumer_lag_events", "Events of the stream that this service has not been given yet", ask.lag);
  gauge("dead_letters_stored", "Events of this service in the dead-letter stream", ask.deadLetters);
  const handled = new Counter({
    name: "events_handled_total",
    help: "Deliveries by what came of them",
    labelNames: ["event", "outcome"],
    registers,
  });
  const duration = new Histogram({
    name: "event_handling_duration_seconds",
    help: "Seconds from an event's delivery until it was settled",
    labelNames: ["event"],
    buckets: [...callSeconds, 30],
    registers,
    enableExemplars: true,
  });
  const redeliveries = new Counter({
    name: "event_redeliveries_total",
    help: "Deliveries that were not the first",
    labelNames: ["event"],
    registers,
  });
  return {
    settled(delivery, outcome, since) {
      const event = eventLabel(delivery);
      handled.inc({ event, outcome });
      duration.observe({
        labels: { event },
        value: (performance.now() - since) / 1000,
        exemplarLabels: exemplar(spanContextOf(delivery.headers?.get("traceparent"))),
      });
    },
    redelivered: (delivery) => redeliveries.inc({ event: eventLabel(delivery) }),
  };
}
