import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { measuredNiceness } from "../run/niceness";
import { findProject } from "../run/project";
import { removeData } from "../run/remove-data";
import { Stack, type StackOptions } from "../run/stack";

/** A whole system that a bench started. `rules` is a copy of mesh/base that it runs by while its files are edited. */
export type BenchSystem = { stack: Stack; state: string; rules: string };

type Settings = Pick<StackOptions, "mesh" | "environment" | "overrides">;

/** Starts a system from nothing; whoever starts it stops it. Of one that does not start, the logs stay. */
export async function startSystem(settings: Settings): Promise<BenchSystem> {
  const state = await createState();
  const rules = join(state, "rules");
  await cp(join(findProject(), "mesh/base"), rules, { recursive: true });
  const progress = { begin: () => () => undefined, say: () => undefined };
  const stack = await Stack.start({
    ...{ port: 0, state, logLevel: "warn", rules, progress, niceness: measuredNiceness },
    ...settings,
  });
  return { stack, state, rules };
}

/** Stops a system and removes all that it wrote. */
export async function stopSystem({ stack, state }: BenchSystem): Promise<void> {
  await stack.stop();
  await removeState(state);
}

/** Gives `measure` a whole system with an empty state, which is gone afterwards. */
export async function withStack<T>(settings: Settings, measure: (stack: Stack) => Promise<T>): Promise<T> {
  const system = await startSystem(settings);
  try {
    return await measure(system.stack);
  } finally {
    await stopSystem(system);
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

function createState(): Promise<string> {
  return mkdtemp(join(tmpdir(), "symphony-bench-"));
}

async function removeState(state: string): Promise<void> {
  await removeData(state);
  await rm(state, { recursive: true, force: true });
}
