import { createRequire } from "node:module";
import { join } from "node:path";

import type { RequestHandler } from "express";
import type { z } from "zod";

import type { TokenVerifier } from "./auth";
import { type Bus, connectBus } from "./bus";
import { commonEnv, type Config, ConfigError, loadConfig } from "./config";
import { startConsumer, type Subscription } from "./consumer";
import { type Database, openDatabase } from "./db";
import type { ServiceName } from "./events";
import type * as Grpc from "./grpc";
import { listenHttp } from "./http-listen";
import { createHttpApp, type ReadyCheck } from "./http-server";
import { createLog, type Log } from "./log";
import { createMetrics, type Metrics } from "./metrics";
import { migrate } from "./migrate";
import { libMigrations, sourceFolder } from "./paths";
import { startRelay } from "./relay";
import type { Route } from "./route";
import { exitOnUnhandled, runShutdown, type ShutdownStep, stopOnSignals } from "./shutdown";
import { flushTelemetry, prepareTelemetry } from "./telemetry";

export type ServiceBase<S extends z.ZodRawShape> = {
  config: Config<typeof commonEnv & S>;
  db: Database;
  bus: Bus;
  log: Log;
  metrics: Metrics;
};

/** What a service is made of; lib/ starts and stops it. */
export type ServiceParts = {
  routes: Route[];
  tokens?: TokenVerifier;
  before?: RequestHandler[];
  fallback?: RequestHandler;
  jsonLimit?: string;
  /** See HttpAppOptions. */
  describe?: (own: object) => Promise<object>;
  /** Once started, it serves without its database: a database that is down does not make it unready. */
  worksWithoutDatabase?: boolean;
  /** Served at GRPC_PORT. */
  grpc?: Grpc.GrpcService[];
  subscriptions?: Subscription[];
  workers?: { stop(): Promise<void> }[];
};

export type ServiceDefinition<S extends z.ZodRawShape = z.ZodRawShape> = {
  name: ServiceName;
  /** In addition to `commonEnv`. */
  env: S;
  /** The service's `__dirname`; its migrations lie in `migrations/` there. */
  folder: string;
  build(base: ServiceBase<S>): Promise<ServiceParts> | ServiceParts;
};

export type RunningService = {
  url: string;
  /** `host:port` where it serves gRPC. */
  grpcTarget?: string;
  db: Database;
  bus: Bus;
  log: Log;
  /** Stops everything in order; calls after the first one wait for the same end. */
  stop(): Promise<void>;
};

/** Defines a service; `build` sees its config with types. */
export function defineService<S extends z.ZodRawShape>(
  definition: ServiceDefinition<S>,
): ServiceDefinition<S> {
  return definition;
}

const DATABASE_PAUSE_MS = 100;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Services and databases start side by side: the database may need a moment. */
async function waitForDatabase(db: Database, deadlineMs: number, log: Log): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await db.ping();
      return;
    } catch (error) {
      if (Date.now() >= deadline) {
        throw new Error(`the database did not answer within ${deadlineMs} ms`, { cause: error });
      }
      if (attempt === 1) log.info("waiting for the database");
      await pause(DATABASE_PAUSE_MS);
    }
  }
}

/** Loads gRPC, 5 MB and 0.1 s, only into the services that serve it. */
async function listenGrpc(
  services: Grpc.GrpcService[],
  { config, log, metrics }: { config: Record<string, unknown>; log: Log; metrics: Metrics },
): Promise<{ server: Grpc.GrpcServer; target: string }> {
  const port = config.GRPC_PORT;
  if (typeof port !== "number" && typeof port !== "string")
    throw new Error("a service with gRPC needs GRPC_PORT in its env");
  const { createGrpcServer } = createRequire(__filename)("./grpc") as typeof Grpc;
  const server = createGrpcServer({ services, log, metrics });
  return { server, target: await server.listen(String(config.HOST), port) };
}

/** After this time a service whose token keys cannot be fetched takes at least the requests that need none. */
const KEYS_DEADLINE_MS = 15_000;

function readiness(
  { db, bus }: { db: Database; bus: Bus },
  { worksWithoutDatabase = false, tokens }: ServiceParts,
  isStopping: () => boolean,
): ReadyCheck[] {
  const fail = (reason: string) => Promise.reject(new Error(reason));
  const keysDeadline = Date.now() + KEYS_DEADLINE_MS;
  const keys: ReadyCheck = {
    name: "keys",
    required: true,
    check: async () => (Date.now() < keysDeadline ? tokens?.prepare() : undefined),
  };
  return [
    // A replica without them would refuse the tokens of requests that an older one still answers.
    ...(tokens === undefined ? [] : [keys]),
    { name: "accepting", required: true, check: () => (isStopping() ? fail("stopping") : Promise.resolve()) },
    { name: "database", required: !worksWithoutDatabase, check: () => db.ping() },
    // A broker that is down fails no request: events wait in the outbox.
    {
      name: "broker",
      required: false,
      check: () => (bus.connected() ? Promise.resolve() : fail("not connected")),
    },
  ];
}

/**
 * Starts a service in `environment` and resolves once it serves. The broker may be down: the bus connects in
 * the background. Throws a ConfigError for a bad environment, or what keeps the service from starting.
 */
export async function startService<S extends z.ZodRawShape>(
  definition: ServiceDefinition<S>,
  environment: Record<string, string | undefined>,
): Promise<RunningService> {
  const { name, folder } = definition;
  const config = loadConfig({ ...commonEnv, ...definition.env }, environment) as Config<typeof commonEnv & S>;
  const common = config as Config<typeof commonEnv>;
  prepareTelemetry();
  const log = createLog(name, common.LOG_LEVEL);
  const metrics = createMetrics(name);
  const publishes = !common.SYNCHRONOUS_CHAIN;
  const db = openDatabase({ url: common.DATABASE_URL, size: common.DB_POOL_SIZE, log, publishes });
  metrics.watchPool("requests", () => db.stats());

  // What has been started so far, in the order in which it stops.
  const steps = {
    readiness: [] as ShutdownStep[],
    servers: [] as ShutdownStep[],
    consumers: [] as ShutdownStep[],
    workers: [] as ShutdownStep[],
    relay: [] as ShutdownStep[],
    bus: [] as ShutdownStep[],
    database: [{ name: "database", stop: () => db.close() }] as ShutdownStep[],
  };
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopping ??= runShutdown(
      [...Object.values(steps).flat(), { name: "telemetry", stop: flushTelemetry }],
      log,
    ).then(() => log.info("stopped")));

  try {
    await waitForDatabase(db, common.STARTUP_DEADLINE_MS, log);
    await migrate(db, [libMigrations, join(sourceFolder(folder), "migrations")], log);
    await db.warm();
    const bus = connectBus({ url: common.NATS_URL, name, log });
    steps.bus.push({ name: "bus", stop: () => bus.close() });
    const parts = await definition.build({ config, db, bus, log, metrics });
    for (const worker of parts.workers ?? [])
      steps.workers.push({ name: "worker", stop: () => worker.stop() });
    const { subscriptions = [] } = parts;
    if (publishes) {
      const relay = startRelay({ db, bus, log, metrics });
      steps.relay.push({ name: "relay", stop: () => relay.stop() });
    }
    if (subscriptions.length > 0 && publishes) {
      const consumer = startConsumer({ service: name, db, bus, log, metrics, subscriptions });
      steps.consumers.push({ name: "consumer", stop: () => consumer.stop() });
    }
    const running: RunningService = { url: "", db, bus, log, stop };
    if (parts.grpc !== undefined) {
      const { server, target } = await listenGrpc(parts.grpc, { config: common, log, metrics });
      steps.servers.push({ name: "grpc", stop: () => server.close() });
      running.grpcTarget = target;
    }
    const ready = readiness({ db, bus }, parts, () => stopping !== undefined);
    const app = createHttpApp({ service: name, ...parts, log, metrics, ready });
    const http = await listenHttp(app, { host: common.HOST, port: common.PORT });
    // Ahead of the other server: its last requests may still need gRPC.
    steps.servers.unshift({ name: "http", stop: () => http.close() });
    steps.readiness.push({ name: "drain", stop: () => pause(common.DRAIN_DELAY_MS) });
    log.info({ url: http.url, ...(running.grpcTarget && { grpc: running.grpcTarget }) }, "started");
    return Object.assign(running, { url: http.url });
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The whole of a main.ts: starts the service in `environment`, the process' own, and ends with the process. */
export function runService<S extends z.ZodRawShape>(
  definition: ServiceDefinition<S>,
  environment: Record<string, string | undefined> = process.env,
): void {
  const log = createLog(definition.name, "info");
  exitOnUnhandled(log);
  startService(definition, environment).then(
    (service) => stopOnSignals(service.stop, service.log),
    (error: unknown) => {
      if (error instanceof ConfigError) log.fatal({ problems: error.problems }, error.message);
      else log.fatal({ err: error }, "the service cannot start");
      process.exit(1);
    },
  );
}
