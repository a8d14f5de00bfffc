import { type Response } from "express";

import { type Database } from "../../lib/db";
import { type Log } from "../../lib/log";
import { isTerminal, type Order } from "./order";
import { findOrder, readAdvances, readSteps, stepsEvent } from "./store";
import { orderView, stepView } from "./view";

/** As long as a step of another replica may be late; each replica asks so often, with one query for all its readers. */
const pollMs = 100;
const heartbeatMs = 15_000;

/** `known`: how many steps the order had when they were last read. */
type Reader = { orderId: string; known: number; wake(): void };

export type OrderFeed = {
  /**
   * Server-sent events of one order until its end: `order` with the state, one `step` for each step after
   * `lastSeen`, and `order` again with the terminal state.
   */
  send(response: Response, order: Order, lastSeen: number): Promise<void>;
  /** Ends every stream; a client connects again, to another replica, and goes on where it was. */
  stop(): Promise<void>;
};

/**
 * Readers are woken by commits of this process, and for those of other replicas by one poll over all orders
 * that somebody reads. Nothing polls while nobody reads.
 */
export function createOrderFeed({ db, log }: { db: Database; log: Log }): OrderFeed {
  const readers = new Set<Reader>();
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function poll(): Promise<void> {
    const advances = await readAdvances(db, [...new Set([...readers].map(({ orderId }) => orderId))]);
    for (const reader of readers) {
      const advance = advances.get(reader.orderId);
      // One that still reads has not seen the end: it read the order just before, and the last step just after, the commit.
      if (advance && (isTerminal(advance.status) || advance.steps > reader.known)) reader.wake();
    }
  }

  function schedulePoll(): void {
    if (timer || readers.size === 0 || stopped) return;
    timer = setTimeout(() => {
      poll()
        .catch((error: unknown) => log.debug({ err: error }, "no poll for new steps"))
        .finally(() => {
          timer = undefined;
          schedulePoll();
        });
    }, pollMs);
  }

  async function send(response: Response, order: Order, lastSeen: number): Promise<void> {
    const changes = createSignal();
    const reader: Reader = { orderId: order.id, known: 0, wake: changes.raise };
    const commit = stepsEvent(order.id);
    // Not just the greatest id: a step with a smaller one may be committed later.
    const sent = new Set<number>();
    const isOpen = () => !stopped && !response.writableEnded && !response.destroyed;
    const heartbeat = setInterval(() => isOpen() && response.write(": heartbeat\n\n"), heartbeatMs);
    readers.add(reader);
    db.on(commit, changes.raise);
    response.once("close", changes.raise);
    schedulePoll();
    try {
      write(response, "order", orderView(order));
      while (isOpen()) {
        const { order: current, steps } = await readProgress(order.id);
        if (!isOpen()) break;
        for (const step of steps.filter(({ id }) => id > lastSeen && !sent.has(id))) {
          write(response, "step", stepView(step), step.id);
          sent.add(step.id);
        }
        reader.known = steps.length;
        if (current && isTerminal(current.status)) {
          write(response, "order", orderView(current));
          break;
        }
        await changes.raised();
      }
      response.end();
    } finally {
      clearInterval(heartbeat);
      db.off(commit, changes.raise);
      readers.delete(reader);
    }
  }

  async function readProgress(orderId: string) {
    // The order first: whatever made it terminal is then among the steps.
    const order = await findOrder(db, orderId);
    return { order, steps: await readSteps(db, orderId) };
  }

  return {
    send,
    async stop() {
      stopped = true;
      clearTimeout(timer);
      for (const reader of readers) reader.wake();
    },
  };
}

/** A flag to wait for: raised while nobody waits, it lets the next wait pass at once. */
function createSignal() {
  let isRaised = false;
  let pass: (() => void) | undefined;
  return {
    raise() {
      isRaised = true;
      pass?.();
    },
    async raised() {
      if (!isRaised) await new Promise<void>((resolve) => (pass = resolve));
      isRaised = false;
      pass = undefined;
    },
  };
}

function write(response: Response, event: string, data: object, id?: number): void {
  const lines = [
    `event: ${event}`,
    ...(id === undefined ? [] : [`id: ${id}`]),
    `data: ${JSON.stringify(data)}`,
  ];
  response.write(`${lines.join("\n")}\n\n`);
}
