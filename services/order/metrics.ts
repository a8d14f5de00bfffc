import { Counter, Gauge, Histogram } from "prom-client";

import { type Database } from "../../lib/db";
import { type EventName } from "../../lib/events";
import { exemplar, type Metrics } from "../../lib/metrics";
import { durationMs, isTerminal, type Order } from "./order";
import { countOpenOrders } from "./store";

export type OrderMetrics = {
  /** Counts the steps that became known, and the end of the order where it has come. */
  count(order: Order, newSteps: EventName[]): void;
  /** Orders whose compensation does not come to an end. */
  stuck: Gauge;
};

const openStates = ["pending", "saga_started", "compensating"] as const;
const compensations: Partial<Record<EventName, string>> = {
  "payment.refunded": "payment",
  "inventory.released": "inventory",
};

/** The order service's own metrics, in the service's registry. */
export function createOrderMetrics({ registry }: Metrics, db: Database): OrderMetrics {
  const registers = [registry];
  const duration = new Histogram({
    name: "saga_duration_seconds",
    help: "Seconds from the acceptance of an order to its end",
    labelNames: ["pattern", "outcome"],
    buckets: [0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
    enableExemplars: true,
  });
  const orders = new Counter({
    name: "orders_total",
    help: "Orders that came to an end",
    labelNames: ["pattern", "outcome"],
    registers,
  });
  const compensated = new Counter({
    name: "compensations_total",
    help: "Steps that were undone",
    labelNames: ["step"],
    registers,
  });
  new Gauge({
    name: "sagas_by_state",
    help: "Orders that have not come to their end, by state",
    labelNames: ["state"],
    registers,
    async collect() {
      // A scrape must not fail because the database is away.
      const rows = await countOpenOrders(db).catch(() => undefined);
      const counts = new Map(rows?.map(({ status, count }) => [status, count]));
      for (const state of openStates) this.set({ state }, rows ? (counts.get(state) ?? 0) : Number.NaN);
    },
  });
  const stuck = new Gauge({
    name: "saga_stuck",
    help: "Orders that have compensated for longer than a saga's deadline",
    registers,
  });
  return {
    count(order, newSteps) {
      for (const event of newSteps) {
        const step = compensations[event];
        if (step) compensated.inc({ step });
      }
      const ended = newSteps.includes("saga.completed") || newSteps.includes("saga.failed");
      if (!ended || !isTerminal(order.status)) return;
      const outcome = order.status;
      const labels = { pattern: order.pattern, outcome };
      orders.inc(labels);
      duration.observe({ labels, value: (durationMs(order) ?? 0) / 1000, exemplarLabels: exemplar() });
    },
    stuck,
  };
}
