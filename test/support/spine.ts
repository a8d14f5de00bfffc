import { pino } from "pino";

import { type Bus, connectBus } from "../../lib/bus";
import { type Database, openDatabase } from "../../lib/db";
import { type Log } from "../../lib/log";
import { createMetrics, type Metrics } from "../../lib/metrics";
import { migrate } from "../../lib/migrate";
import { libMigrations } from "../../lib/paths";
import { createTestDatabase } from "./database";
import { startTestNats, type TestNats } from "./nats";

/** A service without the service: a database with outbox and inbox, a broker, and connections to both. */
export type Spine = {
  nats: TestNats;
  db: Database;
  bus: Bus;
  log: Log;
  /** A registry of its own for each thing that is started. */
  metrics(): Metrics;
  /** Closes `thing` at the end of the test, the last one first. */
  after<T extends { stop(): Promise<void> } | { close(): Promise<void> }>(thing: T): T;
  /** Another pool; `url` where it is to be reached in another way. */
  openDatabase(url?: string): Database;
  connectBus(): Bus;
  close(): Promise<void>;
};

/** Starts a broker and makes a database of its own. */
export async function startSpine(): Promise<Spine> {
  const log = pino({ level: process.env.TEST_LOG_LEVEL ?? "silent" });
  const [{ url, drop }, nats] = await Promise.all([createTestDatabase(), startTestNats()]);
  const ends: (() => Promise<void>)[] = [drop, () => nats.stop()];
  const after = <T extends { stop(): Promise<void> } | { close(): Promise<void> }>(thing: T): T => {
    ends.push(() => ("stop" in thing ? thing.stop() : thing.close()));
    return thing;
  };
  const open = (to = url): Database => after(openDatabase({ url: to, size: 5, log }));
  const connect = (): Bus => after(connectBus({ url: nats.url, name: "test", log }));
  const db = open();
  await migrate(db, [libMigrations], log);
  const bus = connect();
  await bus.connection();
  return {
    nats,
    db,
    bus,
    log,
    metrics: () => createMetrics("test"),
    after,
    openDatabase: open,
    connectBus: connect,
    close: async () => {
      for (const end of ends.reverse()) await end();
    },
  };
}
