import { cp } from "node:fs/promises";
import { join } from "node:path";

import { measuredNiceness } from "../run/niceness";
import { findProject } from "../run/project";
import { type Stack, type StackOptions } from "../run/stack";
import {
  createStateFolder,
  removeStateFolder,
  startTemporaryStack,
  type TemporaryStack,
} from "../run/temporary";

/** A whole system that a bench started. */
export type BenchSystem = TemporaryStack & {
  /** The folder of the rules that it runs by, which may be edited. */
  rules: string;
};

type Settings = Pick<
  StackOptions,
  "mesh" | "environment" | "overrides" | "replicas" | "extraPeers" | "waitedFor" | "signal"
> & {
  logLevel?: StackOptions["logLevel"];
  /** Writes the rules to run by; a copy of mesh/base unless given. */
  writeRules?: (folder: string) => Promise<void>;
};

const ending = new AbortController();
const systems = new Set<Promise<BenchSystem>>();

/** Starts a system from nothing; whoever starts it stops it. */
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
  const rulesIn = (state: string): string => join(state, "bench-rules");
  const system = await startTemporaryStack({
    ...settings,
    niceness: measuredNiceness,
    signal: AbortSignal.any([ending.signal, ...(signal ? [signal] : [])]),
    rules: async (state) => {
      await writeRules(rulesIn(state));
      return rulesIn(state);
    },
  });
  return { ...system, rules: rulesIn(system.state) };
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
  const state = await createStateFolder();
  try {
    return await measure(state);
  } finally {
    await removeStateFolder(state);
  }
}

function copyBase(folder: string): Promise<void> {
  return cp(join(findProject(), "mesh/base"), folder, { recursive: true });
}
