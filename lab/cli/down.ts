import { Command } from "commander";

import { Failure } from "../run/failure";
import { cleanUpDeadRun } from "../run/leftovers";
import { untilReady } from "../run/process";
import { stateFolder } from "../run/project";
import { isRunning, readState } from "../run/state";
import { note, printJson } from "./terminal";

export function downCommand(): Command {
  return new Command("down")
    .description("stop everything that runs, in order")
    .option("--json", "print what was done as JSON")
    .action(async (options: { json?: boolean }) => {
      const result = await stopRunning(stateFolder());
      if (options.json === true) printJson({ result });
      else note(messages[result]);
    });
}

const messages = {
  stopped: "stopped; nothing is left running",
  cleaned: "the run had died; what it left is stopped",
  idle: "Symphony is not running",
};

/** Stops the run of this state folder, wherever it was started, or what a dead one left. */
export async function stopRunning(state: string): Promise<keyof typeof messages> {
  const running = readState(state);
  if (running === undefined) return "idle";
  if (!isRunning(running.runner)) {
    await cleanUpDeadRun(state);
    return "cleaned";
  }
  process.kill(running.runner.pid, "SIGTERM");
  await untilReady({
    probe: async () => {
      if (isRunning(running.runner)) throw new Error("still running");
      return Promise.resolve();
    },
    timeoutMs: 60_000,
    intervalMs: 100,
  }).catch((error: unknown) => {
    throw new Failure("run.not_stopped", `process ${String(running.runner.pid)} does not stop`, {
      fix: `kill it with kill -9 ${String(running.runner.pid)}, then run ./symphony down again`,
      cause: error,
    });
  });
  return "stopped";
}
