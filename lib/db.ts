import { EventEmitter } from "node:events";
import { type Writable } from "node:stream";

import pg from "pg";

import { AppError } from "./errors";
import { type Log } from "./log";
import { inQuerySpan } from "./query-span";

export type Queryable = {
  /** Runs one statement. With `values` it is a prepared statement, parsed once per connection. */
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
};

export type Transaction = Queryable & {
  /** Whether events are published; where not, none are put in the outbox. */
  readonly publishes: boolean;
  /** Runs `work` when everything else is done, right before the commit: for rows that are best written together. */
  beforeCommit(work: () => Promise<unknown>): void;
  /** Emits `event` on the database once this transaction is committed; once, however often it is asked for. */
  afterCommit(event: string): void;
};

/** A database that cannot be reached fails a statement with AppError `service.unavailable`. */
export type Database = Queryable & {
  readonly url: string;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  /** Commits what `work` did, or rolls all of it back and throws what `work` threw. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Resolves where the database answers. */
  ping(): Promise<void>;
  /**
   * Opens the connections that the pool keeps, as far as they can be had. The pool gives a caller that finds none idle
   * the one that it opens for it: where that takes long, as under a rollout, so does the request.
   */
  warm(): Promise<void>;
  /**
   * `size` connections of their own to the same database, whose commits are heard here: work that must go on
   * never waits behind the callers of this pool. Whoever reserves them closes them.
   */
  reserve(size: number, settings?: Record<string, string>): Database;
  /** Connections of the pool, and callers that wait for one. */
  stats(): { total: number; idle: number; waiting: number };
  /** Waits for the queries in hand, then closes every connection; calls after the first wait for the same end. */
  close(): Promise<void>;
};

/** Longer than a first packet that is lost three times: it is sent again after 1, 3 and 7 s. */
const connectTimeoutMs = 8_000;
/** So many connections of a service's pool stay open when they are idle. */
const keptConnections = 4;

/** Statements are built from constants, so the list is short; the bound is for the one that is not. */
const preparedStatements = 500;

const statementNames = new Map<string, string>();

function statementName(text: string): string | undefined {
  const known = statementNames.get(text);
  if (known !== undefined || statementNames.size >= preparedStatements) return known;
  const name = `s${String(statementNames.size + 1)}`;
  statementNames.set(text, name);
  return name;
}

/** Counts and sums are far below 2^53, so a bigint of Postgres is a number here and not a string. */
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`the bigint ${text} does not fit into a number`);
  return value;
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === pg.types.builtins.INT8 && format !== "binary"
      ? parseBigint
      : (pg.types.getTypeParser(oid, format) as (value: string) => unknown),
};

/** The part of the driver's client that its types leave out. */
type WithStream = { connection: { stream: Writable } };

const corked = new WeakSet<Writable>();

/**
 * What one connection is told in the same turn of the event loop leaves in one write. Each write wakes Postgres and
 * costs a system call, which under load was a quarter of a service's time.
 */
function sendTogether(client: pg.PoolClient): void {
  const { stream } = (client as unknown as WithStream).connection;
  if (corked.has(stream)) return;
  corked.add(stream);
  stream.cork();
  process.nextTick(() => {
    corked.delete(stream);
    stream.uncork();
  });
}

async function run<R extends pg.QueryResultRow>(
  client: pg.PoolClient,
  text: string,
  values?: unknown[],
): Promise<pg.QueryResult<R>> {
  sendTogether(client);
  // A transaction's beginning takes no time of its own: it travels with the first statement.
  if (text === "begin") return client.query<R>(text);
  return inQuerySpan(text, () =>
    values === undefined
      ? client.query<R>(text)
      : client.query<R>({ name: statementName(text), text, values }),
  );
}

/**
 * Whether `error` says that the connection cannot be used again: it is broken, or a migration changed a
 * table under its prepared statements (0A000).
 */
function endsConnection(error: unknown): boolean {
  return isDatabaseUnavailable(error) || (error as { code?: unknown }).code === "0A000";
}

const unavailableCodes = new Set([
  "57P01", // the server shuts down
  "57P02", // another process of the server crashed
  "57P03", // the server is starting
  "53300", // too many connections
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT", // the Unix socket of a server that is down
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);

/** Whether `error` means that the database could not be reached, rather than that it refused a statement. */
function isDatabaseUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isDatabaseUnavailable);
  const code = (error as Error & { code?: unknown }).code;
  if (typeof code === "string") return unavailableCodes.has(code) || /^08...$/.test(code);
  // The driver has no codes for these.
  return /connection terminated|timeout exceeded when trying to connect|connection error and is not queryable/i.test(
    error.message,
  );
}

/** What a caller is told: that nobody answers, or what the database refused. */
function explain(error: unknown): unknown {
  if (!isDatabaseUnavailable(error)) return error;
  return new AppError("service.unavailable", "the database does not answer", { cause: error });
}

export type DatabaseOptions = {
  url: string;
  /** How many connections it opens at most. */
  size: number;
  log: Log;
  /** Postgres settings of these connections. */
  settings?: Record<string, string>;
  /** False where nobody would publish what is put in the outbox. @default true */
  publishes?: boolean;
};

/** Opens a pool. It connects when first used. */
export function openDatabase(options: DatabaseOptions): Database {
  const events = new EventEmitter();
  // Any number of readers may follow the same row.
  events.setMaxListeners(0);
  return openPool(options, Math.min(options.size, keptConnections), events);
}

function openPool(options: DatabaseOptions, kept: number, events: EventEmitter): Database {
  const { url, size, log, settings = {}, publishes = true } = options;
  let closing: Promise<void> | undefined;
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    min: kept,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    // Statements are sent without waiting for the answer to the one before where nobody asked for it: `begin` goes
    // with the first statement and `commit` with the last, which saves two of five round trips.
    pipeline: true,
    options: Object.entries(settings)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(" "),
    types,
  });
  pool.on("error", (error) => {
    log.warn({ err: error }, "an idle database connection broke");
  });
  pool.on("connect", (client) => {
    // A broken connection also fails the query in hand, so whoever uses it learns of it there.
    client.on("error", () => undefined);
  });

  const connect = (): Promise<pg.PoolClient> =>
    pool.connect().catch((error: unknown) => {
      throw explain(error);
    });

  const query = async <R extends pg.QueryResultRow>(text: string, values?: unknown[]) => {
    const client = await connect();
    try {
      const result = await run<R>(client, text, values);
      client.release();
      return result;
    } catch (error) {
      client.release(endsConnection(error));
      throw explain(error);
    }
  };

  const transaction = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    const client = await connect();
    const wanted = new Set<string>();
    const last: (() => Promise<unknown>)[] = [];
    let ended = false;
    let result: T;
    try {
      const begun = run(client, "begin");
      // Where it fails, so does the first statement; this one is looked at below.
      begun.catch(() => undefined);
      result = await work({
        publishes,
        query: (text, values) =>
          // Sent after the end, a statement would be on its own: it must not take effect.
          ended ? Promise.reject(new Error("the transaction has ended")) : run(client, text, values),
        beforeCommit: (flush) => last.push(flush),
        afterCommit: (event) => wanted.add(event),
      });
      const flushed = last.map((flush) => flush());
      ended = true;
      await Promise.all([begun, ...flushed, commit(client)]);
    } catch (error) {
      ended = true;
      const rolledBack = await client.query("rollback").then(
        () => true,
        () => false,
      );
      client.release(!rolledBack || endsConnection(error));
      throw explain(error);
    }
    client.release();
    for (const event of wanted) events.emit(event);
    return result;
  };

  return {
    url,
    on: (event, listener) => void events.on(event, listener),
    off: (event, listener) => void events.off(event, listener),
    query,
    transaction,
    ping: async () => void (await query("select 1")),
    warm: async () => {
      const opened = await Promise.allSettled(Array.from({ length: kept }, connect));
      for (const one of opened) if (one.status === "fulfilled") one.value.release();
    },
    reserve: (reserved, own = {}) =>
      openPool({ ...options, size: reserved, settings: { ...settings, ...own } }, 0, events),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => (closing ??= pool.end()),
  };
}

/** Postgres answers `commit` of a failed transaction with a rollback and no error: that must not pass as done. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await run(client, "commit");
  if (command !== "COMMIT")
    throw new Error("the transaction had failed before its commit and is rolled back");
}
