import { rm } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";

import { Failure } from "../run/failure";
import { cleanUpDeadRun } from "../run/leftovers";
import { homeFolder, stateFolder } from "../run/project";
import { removeData } from "../run/remove-data";
import { isRunning, readState } from "../run/state";
import { note, printJson } from "./terminal";

export function resetCommand(): Command {
  return new Command("reset")
    .description(
      "remove all data: databases, streams, mails, logs, passwords; an external DATABASE_URL is not touched",
    )
    .option("--tools", "also remove the downloaded tools")
    .option("--json", "print JSON")
    .action(async (options: { tools?: boolean; json?: boolean }) => {
      const state = stateFolder();
      const running = readState(state);
      if (running !== undefined && isRunning(running.runner)) {
        throw new Failure("run.running", "Symphony is running", { fix: "stop it first: ./symphony down" });
      }
      await cleanUpDeadRun(state);
      await removeData(state);
      if (options.tools === true) await rm(join(homeFolder(), "tools"), { recursive: true, force: true });
      if (options.json === true) printJson({ removed: state });
      else note("removed all data; the next npm start begins with an empty system");
    });
}
