import { mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { type Pattern, type ServiceName, serviceNames } from "../../../lib/events";
import { overlay } from "../../compile/overlay";
import { type Ground } from "../../experiments/ground";
import { openLaptopGround } from "../../experiments/laptop-ground";
import { type Sources, sourcesOf } from "../../invariants/read";
import { createShopClient } from "../../load/client";
import { enterCustomers } from "../../load/customers";
import { loadCatalogue } from "../../load/stock";
import { readSources } from "../../mesh/sources";
import { findProject } from "../../run/project";
import { type Stack, type StackOptions } from "../../run/stack";
import { chainPeers } from "../../run/topology";
import { openLaptopTarget } from "../../target/laptop-mesh";
import { type MeshTarget } from "../../target/target";
import { withoutTraces } from "../../telemetry/process";
import { startSystem } from "../system";

export const armNames = ["chaos", "symphony"] as const;
export type ArmName = (typeof armNames)[number];

type Overrides = NonNullable<StackOptions["overrides"]>;

/** No deadline at all, as far as a timer of Node goes. */
const never = "86400000";
/** The gateway's limits are of no interest here: they would only ask for more customers. */
const noLimits = {
  RATE_CLIENT_PER_SECOND: "0",
  RATE_ORDERS_PER_MINUTE: "0",
  RATE_ORDERS_PER_HOUR: "0",
};
const chained = { SYNCHRONOUS_CHAIN: "true" };
/** A block may last longer than a usual token, and its customers log in only once. */
const longTokens = { TOKEN_TTL_MS: String(6 * 3_600_000) };

type ArmDefinition = {
  pattern: Pattern;
  rules: string[];
  overrides: Overrides;
  extraPeers: typeof chainPeers;
  waitedFor?: readonly ServiceName[];
};

/** What differs between the arms, and all that does. */
export const arms: Record<ArmName, ArmDefinition> = {
  chaos: {
    pattern: "rest",
    rules: ["mesh/base", "mesh/profiles/chaos"],
    overrides: {
      user: { ...longTokens, ...chained },
      gateway: { ...noLimits, ...chained, PEER_DEADLINE_MS: never },
      order: { ...chained, CALL_DEADLINE_MS: never, SAGA_DEADLINE_MS: never },
      inventory: chained,
      payment: chained,
      shipping: chained,
      notification: chained,
      audit: chained,
      analytics: chained,
    },
    extraPeers: chainPeers,
    // Its customers wait for every service, so that none gives way to another.
    waitedFor: serviceNames,
  },
  symphony: {
    pattern: "saga",
    rules: ["mesh/base"],
    overrides: { user: longTokens, gateway: noLimits },
    extraPeers: {},
  },
};

/** Two of each service that the correlated suite kills one of, in both arms. */
const replicas = { order: 2, inventory: 2 } as const;

const usualCustomers = 24;
const stockOrders = 50_000;

/** One arm that runs, with customers that are logged in and stock for all they order. */
export type RunningArm = {
  name: ArmName;
  pattern: Pattern;
  stack: Stack;
  target: MeshTarget;
  /** For the correlated faults. */
  ground: Ground;
  sources: Sources;
  tokens: string[];
  products: string[];
  stop(): Promise<void>;
};

/** The rules of an arm in a folder: those of the first, with what the others lay over them. */
async function writeRules(folders: string[], into: string): Promise<void> {
  const project = findProject();
  let files = readSources(folders[0] ?? "", project);
  for (const folder of folders.slice(1)) files = overlay(files, readSources(folder, project));
  await mkdir(into, { recursive: true });
  for (const [index, { path, text }] of files.entries())
    await writeFile(join(into, `${String(index).padStart(2, "0")}-${basename(path)}`), text);
}

export type StartOptions = {
  customers?: number | undefined;
  /** Aborted while it starts: what was started is stopped. */
  signal?: AbortSignal | undefined;
};

/** Starts an arm as a whole system of its own, from nothing. */
export async function startArm(
  name: ArmName,
  { customers = usualCustomers, signal }: StartOptions = {},
): Promise<RunningArm> {
  const { pattern, rules, overrides, extraPeers, waitedFor } = arms[name];
  const system = await startSystem({
    // Traces cost CPU, which on two cores is the load's too; both arms run without.
    environment: withoutTraces(process.env),
    logLevel: "error",
    replicas,
    overrides,
    extraPeers,
    ...(waitedFor && { waitedFor }),
    writeRules: (folder) => writeRules(rules, folder),
    ...(signal && { signal }),
  });
  const { stack, state } = system;
  const target = openLaptopTarget(state);
  const ground = openLaptopGround(state);
  // Each, whatever became of the one before: a system that is left running would slow down the next arm.
  const stop = (): Promise<void> =>
    ground
      .close()
      .finally(() => target.close())
      .finally(() => system.stop());
  try {
    const usersUrl = await stack.serviceUrl("user");
    const client = createShopClient({ url: stack.url, usersUrl });
    const tokens = await enterCustomers(client, customers, signal).finally(() => {
      client.close();
    });
    const inventoryUrl = await stack.serviceUrl("inventory");
    const stock = { url: stack.url, usersUrl, inventoryUrl, admin: stack.secrets.admin };
    const products = await loadCatalogue({ ...stock, orders: stockOrders });
    return {
      name,
      pattern,
      stack,
      target,
      ground,
      sources: sourcesOf(stack),
      tokens,
      products,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
