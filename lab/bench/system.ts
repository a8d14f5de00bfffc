import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { measuredNiceness } from "../run/niceness";
import { findProject } from "../run/project";
import { removeData } from "../run/remove-data";
import { Stack, type StackOptions } from "../run/stack";

/** A whole system that a bench started. */
export type BenchSystem = {
  stack: Stack;
  state: string;
  /** The folder of the rules that it runs by, which may be edited. */
  rules: string;
  /** Stops it and removes all that it wrote. Safe to call twice. */
  stop(): Promise<void>;
};

type Settings = Pick<
  StackOptions,
  "mesh" | "environment" | "overrides" | "replicas" | "extraPeers" | "signal"
> & {
  logLevel?: StackOptions["logLevel"];
  /** Writes the rules to run by; a copy of mesh/base unless given. */
  writeRules?: (folder: string) => Promise<void>;
};

const ending = new AbortController();
const systems = new Set<Promise<BenchSystem>>();

/** Starts a system from nothing; whoever starts it stops it. However this process ends, the system's processes do too. */
export function startSystem(settings: Settings): Promise<BenchSystem> {
  const starting = start(settings);
  systems.add(starting);
  starting.catch(() => systems.delete(starting));
  return starting;
}

/** For a bench that is ended early: stops every system, also one that is just starting, and lets none start any more. */
export async function stopSystems(): Promise<void> {
  ending.abort();
  const found = await Promise.allSettled(systems);
  await Promise.all(found.map((each) => each.status === "fulfilled" && each.value.stop()));
}

async function start({ writeRules = copyBase, signal, ...settings }: Settings): Promise<BenchSystem> {
  const state = await createState();
  try {
    const rules = join(state, "bench-rules");
    await writeRules(rules);
    const stack = await Stack.start({
      ...{ port: 0, state, logLevel: "warn", rules, niceness: measuredNiceness },
      progress: { begin: () => () => undefined, say: () => undefined },
      signal: AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]),
      ...settings,
    });
    const killed = (): void => {
      stack.killNow();
    };
    process.on("exit", killed);
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await stack.stop().finally(() => removeState(state));
      process.removeListener("exit", killed);
    };
    return { stack, state, rules, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await removeState(state);
    throw error;
  }
}

/** Gives `measure` a whole system with an empty state, which is gone afterwards. */
export async function withStack<T>(settings: Settings, measure: (stack: Stack) => Promise<T>): Promise<T> {
  const system = await startSystem(settings);
  try {
    return await measure(system.stack);
  } finally {
    await system.stop();
  }
}

/** Gives `measure` an empty state folder, which is gone afterwards. */
export async function withState<T>(measure: (state: string) => Promise<T>): Promise<T> {
  const state = await createState();
  try {
    return await measure(state);
  } finally {
    await removeState(state);
  }
}

function copyBase(folder: string): Promise<void> {
  return cp(join(findProject(), "mesh/base"), folder, { recursive: true });
}

function createState(): Promise<string> {
  return mkdtemp(join(tmpdir(), "symphony-bench-"));
}

async function removeState(state: string): Promise<void> {
  await removeData(state);
  await rm(state, { recursive: true, force: true });
}
