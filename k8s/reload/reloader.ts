import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";

import { freePort } from "../../lib/free-port";

/** Where the latest version listens, by the port that callers use. */
type Version = { process: ChildProcess; ports: Map<number, number> };

export type ReloaderOptions = {
  /** Arguments of node. */
  args: string[];
  environment: Record<string, string | undefined>;
  /** The ports that callers use, by the variable that tells the service its own: PORT, GRPC_PORT. */
  ports: Record<string, number>;
  say(text: string): void;
};

export type Reloader = {
  /** Starts the program as it is now and, once it is ready, hands over to it. A version that fails changes nothing. */
  reload(): Promise<void>;
  stop(): Promise<void>;
};

const readyMs = 30_000;
const pollMs = 100;

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`, {
      signal: AbortSignal.timeout(1_000),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Keeps a service's ports open while its program is exchanged: the new version starts beside the old one and
 * takes over when it is ready. Without that, a call that comes in between would open the caller's breaker for
 * 10 s, and a mistake in the new version would take the service away.
 */
export function createReloader({ args, environment, ports, say }: ReloaderOptions): Reloader {
  let current: Version | undefined;
  let queue = Promise.resolve();

  const pass = (port: number, socket: Socket): void => {
    const target = current?.ports.get(port);
    if (target === undefined) {
      socket.destroy();
      return;
    }
    const upstream = connect(target, "127.0.0.1");
    socket.on("error", () => upstream.destroy());
    upstream.on("error", () => socket.destroy());
    socket.pipe(upstream).pipe(socket);
  };
  const servers: Server[] = Object.values(ports).map((port) =>
    createServer((socket) => {
      pass(port, socket);
    }).listen(port, "0.0.0.0"),
  );

  const start = async (): Promise<Version | undefined> => {
    const own = new Map<number, number>();
    const variables: Record<string, string> = {};
    for (const [name, port] of Object.entries(ports)) {
      const free = await freePort();
      own.set(port, free);
      variables[name] = String(free);
    }
    const child = spawn(process.execPath, args, {
      env: { ...environment, ...variables, HOST: "127.0.0.1" },
      stdio: "inherit",
    });
    const probed = Number(variables.PORT);
    for (let waited = 0; waited < readyMs && child.exitCode === null; waited += pollMs) {
      if (await isReady(probed)) return { process: child, ports: own };
      await pause(pollMs);
    }
    child.kill("SIGKILL");
    return undefined;
  };

  const exchange = async (): Promise<void> => {
    const next = await start();
    if (next === undefined) {
      say(
        current === undefined
          ? "the service does not start"
          : "the new version does not start; the old one stays",
      );
      return;
    }
    const old = current;
    current = next;
    next.process.once("exit", () => {
      if (current === next) current = undefined;
    });
    old?.process.kill("SIGTERM");
    say(old === undefined ? "started" : "the new version has taken over");
  };

  return {
    reload: () => (queue = queue.then(exchange)),
    stop: async () => {
      await queue;
      for (const server of servers) server.close();
      const last = current?.process;
      current = undefined;
      if (last === undefined) return;
      last.kill("SIGTERM");
      await new Promise((resolve) => last.once("exit", resolve));
    },
  };
}
