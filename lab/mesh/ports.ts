import { createServer, type Server } from "node:net";

import { isPortFree } from "../../lib/free-port";
import { environmentFailure } from "../run/failure";

/** Loopback ports that no other Symphony of this machine takes while they are held. */
export type PortPool = {
  /** The same port for the same name. */
  take(name: string): Promise<number>;
  release(): void;
};

// Below the range of lib/free-port.ts and that of outgoing connections.
const range = { first: 12_000, last: 19_999 };
const blockSize = 250;

/**
 * A mesh takes over a hundred ports, and two that start at the same time would meet. So they are taken in blocks: who
 * listens on the first port of a block has it.
 */
export function createPortPool(): PortPool {
  const guards: Server[] = [];
  const taken = new Map<string, Promise<number>>();
  let next = 0;
  let end = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function find(): Promise<number> {
    for (;;) {
      if (next >= end) {
        const { guard, first } = await claimBlock();
        guards.push(guard);
        next = first + 1;
        end = first + blockSize;
      }
      const port = next++;
      if (await isPortFree(port)) return port;
    }
  }

  return {
    take(name) {
      const known = taken.get(name);
      if (known !== undefined) return known;
      // One after the other: they share the block.
      const port = last.then(find);
      last = port.catch(() => undefined);
      taken.set(name, port);
      return port;
    },
    release() {
      for (const guard of guards.splice(0)) guard.close();
    },
  };
}

async function claimBlock(): Promise<{ guard: Server; first: number }> {
  const count = Math.floor((range.last - range.first + 1) / blockSize);
  const start = Math.floor(Math.random() * count);
  for (let index = 0; index < count; index += 1) {
    const first = range.first + ((start + index) % count) * blockSize;
    const guard = createServer((socket) => socket.destroy());
    const held = await new Promise<boolean>((resolve) => {
      guard.once("error", () => {
        resolve(false);
      });
      guard.listen(first, "127.0.0.1", () => {
        resolve(true);
      });
    });
    if (held) return { guard: guard.unref(), first };
  }
  throw environmentFailure(
    "port.none",
    `no block of ports from ${String(range.first)} to ${String(range.last)} is free for the mesh`,
    "stop another Symphony, or start without the mesh: ./symphony up --no-mesh",
  );
}
