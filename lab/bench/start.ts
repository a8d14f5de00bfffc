import { spawn } from "node:child_process";

import { freePort } from "../../lib/free-port";
import { createShopClient, type ShopClient } from "../load/client";
import { cpuTimeOf, memoryOf } from "../run/memory";
import { findProject } from "../run/project";
import { goalRow, inMb, inMs, type Row } from "./report";
import { withState } from "./system";

const credentials = { email: "bench@symphony.example", password: "bench-password" };
const startLimitMs = 120_000;

/** The same as `npm start`, on another port and with a state of its own, so that a running system is left alone. */
async function launch(
  state: string,
  options: readonly string[],
): Promise<{ pid: number; url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const args = ["symphony", "up", "--port", String(port), "--state", state, ...options];
  const child = spawn(process.execPath, args, {
    cwd: findProject(),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const end = (): void => void child.kill("SIGINT");
  process.on("exit", end);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  if (child.pid === undefined) throw new Error("the system could not be started");
  return {
    pid: child.pid,
    url: `http://localhost:${port}`,
    stop: async () => {
      end();
      await exited;
      process.removeListener("exit", end);
    },
  };
}

async function placeFirstOrder(client: ShopClient, deadline: number): Promise<void> {
  for (;;) {
    try {
      const token = await client.enter(credentials);
      const placed = await client.place({ token, order: { productId: "espresso-machine", quantity: 1 } });
      if (placed.order === undefined) throw new Error(placed.problem.code);
      const order = await client.follow({ token, orderId: placed.order.id, timeoutMs: startLimitMs });
      if (order.status !== "confirmed") throw new Error(`the first order is ${order.status}`);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

export type StartFigures = {
  firstOrderMs: number;
  /** Of all processes, in bytes, as PSS. */
  memory: number;
  /** CPU that all of them used while there was nothing to do, in percent of one core. */
  restCpu: number;
};

/**
 * Starts a system in a state folder, has it confirm an order, and looks at its memory `restMs` after that. `options`
 * are those of `./symphony up`.
 */
export async function measureStart(
  state: string,
  { restMs = 0, options = [] }: { restMs?: number; options?: readonly string[] } = {},
): Promise<StartFigures> {
  const from = Date.now();
  const system = await launch(state, options);
  const client = createShopClient({ url: system.url });
  try {
    await placeFirstOrder(client, from + startLimitMs);
    const firstOrderMs = Date.now() - from;
    const usedBefore = cpuTimeOf(system.pid) ?? Number.NaN;
    await new Promise((resolve) => setTimeout(resolve, restMs));
    const used = (cpuTimeOf(system.pid) ?? Number.NaN) - usedBefore;
    return { firstOrderMs, memory: memoryOf(system.pid) ?? Number.NaN, restCpu: (used / restMs) * 100 };
  } finally {
    client.close();
    await system.stop();
  }
}

/** From `npm start` to the first confirmed order, with an empty state and with one that was used before; memory. */
export function benchStart(): Promise<Row[]> {
  return withState(async (state) => {
    const fresh = await measureStart(state);
    const again = await measureStart(state);
    return [
      goalRow("first confirmed order, empty state", fresh.firstOrderMs, { atMost: 15_000 }, inMs),
      goalRow("first confirmed order, second start", again.firstOrderMs, { atMost: 15_000 }, inMs),
      goalRow("memory of all processes (PSS)", again.memory, { atMost: 1.6e9 }, inMb),
    ];
  });
}
