import { rm } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";

import { environmentFailure, Failure } from "../run/failure";
import { cleanUpDeadRun } from "../run/leftovers";
import { postgresFolder } from "../run/postgres";
import { stateFolder } from "../run/project";
import { isRunning, readState } from "../run/state";
import { note, printJson } from "./terminal";

/** What `reset` removes of the state folder: all but the tools, which would have to be fetched again. */
const removed = ["nats", "postgres", "mail", "logs", "run", "secrets.json"];

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
      const folders = [...removed, ...(options.tools === true ? ["tools"] : [])].map((name) =>
        join(state, name),
      );
      for (const folder of [...folders, postgresFolder(state)]) {
        await rm(folder, { recursive: true, force: true }).catch((error: unknown) => {
          throw environmentFailure("reset.failed", `${folder} cannot be removed`, "check its owner", error);
        });
      }
      if (options.json === true) printJson({ removed: folders });
      else note("removed all data; the next npm start begins with an empty system");
    });
}
