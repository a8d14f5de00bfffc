import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findProject } from "../run/project";
import { removeData } from "../run/remove-data";
import { type Environment } from "../run/service-process";
import { Stack, type StackOptions } from "../run/stack";

/** A whole system that a bench started. `rules` is a copy of mesh/base that it runs by while its files are edited. */
export type BenchSystem = { stack: Stack; state: string; rules: string };

/** Starts a system from nothing; whoever starts it stops it. */
export async function startSystem(options: {
  mesh: boolean;
  environment: Environment;
  overrides?: StackOptions["overrides"];
}): Promise<BenchSystem> {
  const state = await mkdtemp(join(tmpdir(), "symphony-bench-"));
  const rules = join(state, "rules");
  await cp(join(findProject(), "mesh/base"), rules, { recursive: true });
  const stack = await Stack.start({
    port: 0,
    state,
    logLevel: "warn",
    rules,
    progress: { begin: () => () => undefined, say: () => undefined },
    ...options,
  });
  return { stack, state, rules };
}

/** Stops a system and removes all that it wrote. */
export async function stopSystem({ stack, state }: BenchSystem): Promise<void> {
  await stack.stop();
  await removeData(state);
  await rm(state, { recursive: true, force: true });
}
