import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer, type Server, type Socket } from "node:net";

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
/** Far from the ports that callers use; two versions are up at a time, so two ranges take turns. */
const offsets = [10_000, 20_000];

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
  let starts = 0;
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
    const offset = offsets[starts % offsets.length] ?? 0;
    starts += 1;
    const own = Object.entries(ports).map(([name, port]) => [name, String(port + offset)]);
    const child = spawn(process.execPath, args, {
      env: { ...environment, ...(Object.fromEntries(own) as Record<string, string>), HOST: "127.0.0.1" },
      stdio: "inherit",
    });
    const probed = (ports.PORT ?? 0) + offset;
    for (let waited = 0; waited < readyMs && child.exitCode === null; waited += pollMs) {
      if (await isReady(probed))
        return { process: child, ports: new Map(Object.values(ports).map((port) => [port, port + offset])) };
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
