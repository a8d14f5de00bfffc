import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Progress } from "./progress";
import { removeData } from "./remove-data";
import { Stack, type StackOptions } from "./stack";

/** A system of its own for as long as it is needed. */
export type TemporaryStack = {
  stack: Stack;
  /** Its data, logs and passwords. */
  state: string;
  /** Stops it and removes all that it wrote. Safe to call twice. */
  stop(): Promise<void>;
};

const silent: Progress = { begin: () => () => undefined, say: () => undefined };

/**
 * Starts a system from nothing on a free port, with its state in a temporary folder. However this process ends, the
 * system's processes end with it. `rules` is told the folder of the state, to write there what the system runs by.
 */
export async function startTemporaryStack({
  rules,
  ...options
}: Omit<StackOptions, "state" | "port" | "progress" | "rules"> & {
  progress?: Progress;
  rules?: string | ((state: string) => Promise<string>);
}): Promise<TemporaryStack> {
  const state = await createStateFolder();
  const start = async (): Promise<Stack> => {
    const folder = typeof rules === "function" ? await rules(state) : rules;
    return Stack.start({
      ...{ port: 0, state, progress: silent, logLevel: "warn" },
      ...(folder !== undefined && { rules: folder }),
      ...options,
    });
  };
  const stack = await start().catch(async (error: unknown) => {
    // What kept it from starting is what matters; what is left lies in temporary folders.
    await removeStateFolder(state).catch(() => undefined);
    throw error;
  });
  const killed = (): void => {
    stack.killNow();
  };
  process.on("exit", killed);
  const stop = async (): Promise<void> => {
    try {
      await stack.stop();
      process.removeListener("exit", killed);
    } finally {
      await removeStateFolder(state);
    }
  };
  let stopped: Promise<void> | undefined;
  return { stack, state, stop: () => (stopped ??= stop()) };
}

/** An empty state folder among the temporary files. */
export function createStateFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "symphony-state-"));
}

/** Removes a state folder whose system is stopped, and what lies elsewhere for it. */
export async function removeStateFolder(state: string): Promise<void> {
  await removeData(state);
  await rm(state, { recursive: true, force: true });
}
