import { runInContext } from "../../lib/context";
import { type Database } from "../../lib/db";
import { type Log } from "../../lib/log";
import { outboxState } from "../../lib/outbox-store";
import { type OrderMetrics } from "./metrics";
import { abandonOrder } from "./record";
import { findStuckOrders, lockOverdueOrders } from "./store";

const batchSize = 100;
/** An event that is unsent for longer has met a broker that does not answer. */
const unsentLimitMs = 1_000;

export type WatchdogOptions = {
  db: Database;
  metrics: OrderMetrics;
  log: Log;
  /** Whether the broker is there. */
  connected(): boolean;
  intervalMs: number;
  deadlineMs: number;
};

/**
 * Cancels orders past their deadline; several replicas share the work. A broker that is down must not fail
 * an order, so the watchdog waits until events have travelled for a whole deadline before it cancels any. A broker
 * that hangs keeps its connections; then the events that this service could not send tell.
 */
export function startWatchdog(options: WatchdogOptions): { stop(): Promise<void> } {
  const { db, metrics, log, connected, intervalMs, deadlineMs } = options;
  let travelSince = Date.now();
  let reported = 0;

  async function eventsTravel(): Promise<boolean> {
    return connected() && (await outboxState(db)).oldestSeconds * 1000 < unsentLimitMs;
  }

  async function look(): Promise<void> {
    if (!(await eventsTravel())) travelSince = Date.now();
    else if (Date.now() - travelSince >= deadlineMs) await cancelOverdue();
    await reportStuck();
  }

  async function cancelOverdue(): Promise<void> {
    let cancelled: number;
    do {
      cancelled = await db.transaction(async (tx) => {
        const orders = await lockOverdueOrders(tx, new Date(), batchSize);
        for (const order of orders) {
          const context = { correlationId: order.correlationId, orderId: order.id };
          await runInContext(context, () => abandonOrder(tx, order, metrics));
        }
        return orders.length;
      });
      if (cancelled > 0) log.warn({ cancelled }, "orders past their deadline were cancelled");
    } while (cancelled === batchSize && !stopped);
  }

  /**
   * A compensation that does not end needs a person: the participants have done their part and would stay
   * silent if the order were cancelled again, so an event lies in the dead-letter stream or a service is down.
   */
  async function reportStuck(): Promise<void> {
    const { count, ids } = await findStuckOrders(db, new Date(Date.now() - deadlineMs));
    metrics.stuck.set(count);
    if (count > reported) log.warn({ count, orders: ids }, "orders are stuck in their compensation");
    reported = count;
  }

  let stopped = false;
  let running = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = () => {
    timer = setTimeout(() => {
      running = look()
        .catch((error: unknown) =>
          log.error({ err: error }, "the watchdog could not look for overdue orders"),
        )
        .then(() => {
          if (!stopped) schedule();
        });
    }, intervalMs);
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
