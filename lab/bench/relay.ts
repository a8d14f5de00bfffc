import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import pg from "pg";
import { v7 as uuidv7 } from "uuid";

import { connectBus } from "../../lib/bus";
import { on, startConsumer } from "../../lib/consumer";
import { type Database, openDatabase } from "../../lib/db";
import { type EventData, eventType, streams } from "../../lib/events";
import { createLog } from "../../lib/log";
import { createMetrics } from "../../lib/metrics";
import { migrate } from "../../lib/migrate";
import { enqueue } from "../../lib/outbox";
import { libMigrations } from "../../lib/paths";
import { startRelay } from "../../lib/relay";
import { percentile } from "../load/percentiles";
import { startNats } from "../run/nats";
import { goalRow, inMs, type Row } from "./report";

const log = createLog("bench", "error");
const drainEvents = 50_000;
const pacedRate = 300;
const pacedMs = 15_000;

function sampleEvent(): EventData<"inventory.released"> {
  return {
    saga_id: uuidv7(),
    order_id: uuidv7(),
    user_id: uuidv7(),
    pattern: "saga",
    quantity: 1,
    reason: "bench",
    released_at: new Date().toISOString(),
  };
}

async function scratchDatabase(superuserUrl: string): Promise<{ db: Database; drop(): Promise<void> }> {
  const name = `bench_${process.pid}`;
  const admin = new pg.Client({ connectionString: superuserUrl });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const url = new URL(superuserUrl);
  url.pathname = `/${name}`;
  const db = openDatabase({ url: url.href, size: 5, log });
  await migrate(db, [libMigrations], log);
  return {
    db,
    drop: async () => {
      await db.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

async function fillOutbox(db: Database): Promise<void> {
  const data = JSON.stringify(sampleEvent());
  for (let filled = 0; filled < drainEvents; filled += 5_000) {
    const ids = Array.from({ length: 5_000 }, () => uuidv7());
    await db.query(
      `insert into outbox (id, aggregate_id, subject, type, data, correlation_id, occurred_at)
       select id, id, 'inventory.released', $2, $3, 'bench', now() from unnest($1::uuid[]) as id`,
      [ids, eventType("inventory.released"), data],
    );
  }
}

async function pendingRows(db: Database): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    "select count(*) as count from outbox where status = 'pending'",
    [],
  );
  return rows[0]?.count ?? 0;
}

/** The consumer to be measured must not find the drained events before its own. */
async function emptyStream(natsUrl: string): Promise<void> {
  const bus = connectBus({ url: natsUrl, name: "bench", log });
  const manager = await (await bus.connection()).jetstreamManager();
  await manager.streams.purge(streams.events.name);
  await bus.close();
}

async function until(done: () => Promise<boolean>, everyMs: number): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, everyMs));
}

type Bench = { db: Database; natsUrl: string };

/** How many events per second one relay takes from a full outbox to the broker's acknowledgement. */
async function measureDrain({ db, natsUrl }: Bench): Promise<number> {
  await fillOutbox(db);
  const bus = connectBus({ url: natsUrl, name: "bench", log });
  await bus.connection();
  const from = performance.now();
  const relay = startRelay({ db, bus, log, metrics: createMetrics("bench") });
  await until(async () => (await pendingRows(db)) === 0, 50);
  const seconds = (performance.now() - from) / 1000;
  await relay.stop();
  await bus.close();
  return drainEvents / seconds;
}

/** From the commit of an event to its effect in a consumer, in ms, at a steady rate. */
async function measureDelay({ db, natsUrl }: Bench): Promise<number[]> {
  const bus = connectBus({ url: natsUrl, name: "bench", log });
  await bus.connection();
  const committed = new Map<string, number>();
  const delays: number[] = [];
  const metrics = createMetrics("bench");
  const relay = startRelay({ db, bus, log, metrics });
  const subscriptions = [
    on("inventory.released", {
      async handle(_tx, { data }) {
        const from = committed.get(data.order_id);
        if (from !== undefined) delays.push(performance.now() - from);
      },
    }),
  ];
  const consumer = startConsumer({
    service: "bench",
    db,
    bus,
    log,
    metrics: createMetrics("bench"),
    subscriptions,
  });
  const total = (pacedRate * pacedMs) / 1000;
  const from = performance.now();
  const writes: Promise<void>[] = [];
  for (let written = 0; written < total; written += 1) {
    const due = from + (written * 1000) / pacedRate;
    if (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    const event = sampleEvent();
    writes.push(
      db
        .transaction(async (tx) => enqueue(tx, "inventory.released", event))
        .then(() => void committed.set(event.order_id, performance.now())),
    );
  }
  await Promise.all(writes);
  await until(async () => (await pendingRows(db)) === 0, 50);
  await consumer.stop();
  await relay.stop();
  await bus.close();
  return delays.sort((a, b) => a - b);
}

/** The outbox by itself: one relay, one consumer, a broker and a database of their own. */
export async function benchRelay(superuserUrl: string, natsBinary: string): Promise<Row[]> {
  const storeDir = await mkdtemp(join(tmpdir(), "symphony-bench-nats-"));
  const { db, drop } = await scratchDatabase(superuserUrl);
  const nats = await startNats({ binary: natsBinary, storeDir, password: "bench" });
  try {
    const drainRate = await measureDrain({ db, natsUrl: nats.url });
    await db.query("truncate outbox, inbox");
    await emptyStream(nats.url);
    const delays = await measureDelay({ db, natsUrl: nats.url });
    const perSecond = (value: number) => `${value.toFixed(0)}/s`;
    return [
      goalRow(`relay drains ${drainEvents} events`, drainRate, { atLeast: 10_000 }, perSecond),
      { name: `commit to consumer at ${pacedRate}/s, p50`, value: inMs(percentile(delays, 0.5)) },
      goalRow(`commit to consumer at ${pacedRate}/s, p99`, percentile(delays, 0.99), { atMost: 50 }, inMs),
    ];
  } finally {
    await nats.kill();
    await drop();
    await rm(storeDir, { recursive: true, force: true });
  }
}
