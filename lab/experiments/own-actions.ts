import { randomUUID } from "node:crypto";

import { type Bus, connectBus } from "../../lib/bus";
import { eventType } from "../../lib/events";
import { createLog } from "../../lib/log";
import { replayOutbox } from "../../lib/replay";
import { runLoad } from "../load/load";
import { type Outcome as LoadOutcome } from "../load/outcome";
import { type Evidence } from "../mesh/disturb/disturbance";
import { countInDatabases } from "../target/databases";
import { type System } from "../target/system";
import { type OwnProvider } from "./actions";

export type OwnContext = {
  system: System;
  products: readonly string[];
  seed: number;
  signal: AbortSignal;
  /** Filled with the requests of floods. */
  flooded: LoadOutcome[];
};

/** Carries out an action after which there is nothing to be healed. Resolves with what was seen once it is done. */
export function performOwn(provider: OwnProvider, context: OwnContext): Promise<Evidence> {
  switch (provider.func) {
    case "replay":
      return replay(context.system);
    case "lose-unsent-events":
      return loseUnsentEvents(context.system);
    case "poison":
      return poison(context.system, provider.arguments);
    case "flood":
      return flood(context, provider.arguments);
  }
}

const sumOf = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

async function replay(system: System): Promise<Evidence> {
  const total = sumOf(await countInDatabases(system, (db) => replayOutbox(db, new Date(0))));
  return { seen: total > 0, detail: `${String(total)} events are published again`, of: total, hit: total };
}

/** What a service loses that sends its events itself after its commit, while the broker is away. */
async function loseUnsentEvents(system: System): Promise<Evidence> {
  const counts = await countInDatabases(system, async (db) => {
    const { rowCount } = await db.query("delete from outbox where status = 'pending'");
    return rowCount ?? 0;
  });
  const total = sumOf(counts);
  return { seen: total > 0, detail: `${String(total)} events were never sent`, of: total, hit: total };
}

/** A body that is no JSON, in an envelope that is as it should be: no consumer can ever handle it. */
async function poison(
  system: System,
  { event, count }: Extract<OwnProvider, { func: "poison" }>["arguments"],
): Promise<Evidence> {
  await withBus(await system.natsUrl(), async (bus) => {
    for (let index = 0; index < count; index += 1) {
      const id = randomUUID();
      await bus.publish({
        subject: event,
        id,
        headers: {
          "ce-specversion": "1.0",
          "ce-id": id,
          "ce-source": "/lab/experiments",
          "ce-type": eventType(event),
          "ce-time": new Date().toISOString(),
          "ce-subject": id,
          "content-type": "application/json",
        },
        data: "{ this is no event",
      });
    }
  });
  return {
    seen: true,
    detail: `the broker took ${String(count)} unreadable ${event}`,
    of: count,
    hit: count,
  };
}

export async function withBus<T>(url: string, work: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = connectBus({ url, name: "symphony-lab", log: createLog("lab", "silent") });
  try {
    await bus.connection(10_000);
    return await work(bus);
  } finally {
    await bus.close();
  }
}

async function flood(
  { system, products, seed, signal, flooded }: OwnContext,
  { rate, for: durationMs, customers }: Extract<OwnProvider, { func: "flood" }>["arguments"],
): Promise<Evidence> {
  const records: LoadOutcome[] = [];
  await runLoad({
    url: await system.url(),
    usersUrl: await system.serviceUrl("user"),
    ...{ rate, durationMs, signal },
    onSend: (outcome) => {
      records.push(outcome);
    },
    seed: (seed + 1) >>> 0,
    kind: "uniform",
    mix: products.map((productId) => ({
      value: { productId, quantity: 1, paymentToken: "tok_ok" },
      weight: 1,
    })),
    patterns: ["saga"],
    users: customers,
    drainMs: 2000,
  });
  flooded.push(...records);
  const refused = records.filter(({ code }) => code === "rate.limited").length;
  return {
    // Whether it is refused is what the hypothesis is about.
    seen: records.length > 0,
    detail: `${String(refused)} of ${String(records.length)} requests of the flood were refused with 429`,
    of: records.length,
    hit: refused,
  };
}
