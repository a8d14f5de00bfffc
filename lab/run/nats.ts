import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { freePort } from "../../lib/free-port";
import { fromDiskError } from "./failure";
import { type Command, exitOf, start, stop, untilReady } from "./process";

export type NatsOptions = {
  binary: string;
  /** Holds the streams and the configuration file. */
  storeDir: string;
  port: number;
  monitorPort: number;
  user: string;
  password: string;
};

/** The address with its credentials, as clients want it. */
export function natsUrl(options: Pick<NatsOptions, "user" | "password" | "port">): string {
  return `nats://${options.user}:${options.password}@127.0.0.1:${String(options.port)}`;
}

/**
 * Writes nats-server's configuration and returns the command that starts it: JetStream on, loopback only,
 * with a password. The password is in the file, not on the command line, where every user would see it.
 */
export async function prepareNats(options: NatsOptions): Promise<Command> {
  const file = join(options.storeDir, "nats-server.conf");
  const configuration = [
    `server_name: symphony`,
    `listen: "127.0.0.1:${String(options.port)}"`,
    `http: "127.0.0.1:${String(options.monitorPort)}"`,
    `jetstream { store_dir: ${JSON.stringify(options.storeDir)}, max_memory_store: 64MB, max_file_store: 8GB }`,
    `authorization { user: ${JSON.stringify(options.user)}, password: ${JSON.stringify(options.password)} }`,
    `max_payload: 1MB`,
    // A client that has gone is noticed after 20 s rather than after 4 min.
    `ping_interval: "10s"`,
    `ping_max: 2`,
    "",
  ].join("\n");
  try {
    await mkdir(options.storeDir, { recursive: true, mode: 0o700 });
    await writeFile(file, configuration, { mode: 0o600 });
  } catch (error) {
    throw fromDiskError(error, options.storeDir);
  }
  return { file: options.binary, args: ["--config", file], env: { PATH: process.env.PATH, TZ: "UTC" } };
}

/** Fails until nats-server accepts clients and JetStream has recovered its streams. */
export async function probeNats(monitorPort: number): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${String(monitorPort)}/healthz`, {
    signal: AbortSignal.timeout(1000),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`nats-server answers ${String(response.status)} on /healthz`);
}

export type RunningNats = {
  url: string;
  port: number;
  monitorPort: number;
  pid: number;
  /** Stops it in order; the streams stay. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
};

/**
 * Starts a nats-server of its own, outside of any supervisor, and resolves once it is ready. Free ports
 * unless one is given; the same `port`, `user` and `password` after `kill()` bring the same server back.
 */
export async function startNats(options: {
  binary: string;
  storeDir: string;
  port?: number;
  user?: string;
  password?: string;
}): Promise<RunningNats> {
  const user = options.user ?? "symphony";
  const password = options.password ?? randomBytes(18).toString("base64url");
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const monitorPort = await freePort();
    const settings = { ...options, port, monitorPort, user, password };
    const child = start(await prepareNats(settings), { detached: false });
    const problem = await untilListening(child, monitorPort);
    if (problem === undefined) {
      return {
        url: natsUrl(settings),
        port,
        monitorPort,
        pid: child.pid ?? 0,
        stop: async () => void (await stop(child, "SIGTERM", 10_000)),
        kill: async () => void (await stop(child, "SIGKILL", 10_000)),
      };
    }
    // Between choosing a free port and binding it, another process may have taken it, and may speak there.
    if (attempt === 5 || !/address already in use|does not answer/.test(problem.message)) throw problem;
  }
}

async function untilListening(child: ChildProcess, monitorPort: number): Promise<Error | undefined> {
  let output = "";
  let ended = false;
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  exitOf(child).then(
    () => (ended = true),
    (error: unknown) => {
      output += String(error);
      ended = true;
    },
  );
  try {
    await untilReady({
      probe: () => probeNats(monitorPort),
      timeoutMs: 10_000,
      intervalMs: 25,
      ended: () => (ended ? new Error(`nats-server ended at once: ${output.trim()}`) : undefined),
    });
    return undefined;
  } catch (error) {
    if (ended) return error instanceof Error ? error : new Error(String(error));
    await stop(child, "SIGKILL", 1000);
    return new Error(`nats-server does not answer at port ${String(monitorPort)}: ${output.trim()}`, {
      cause: error,
    });
  }
}
