import { Command } from "commander";

import { describeError, Failure } from "../run/failure";
import { findProject } from "../run/project";
import { ensureEnvoy, ensureNatsServer } from "../run/tools";
import { note } from "./terminal";

/** npm packages and dist are up to date by the time this runs: the bootstrap `./symphony` sees to them. */
export function installCommand(): Command {
  return new Command("install")
    .description("fetch and build everything that is needed, once; afterwards no network is needed")
    .action(async () => {
      const say = (line: string): void => note(`symphony: ${line}`);
      const options = { environment: process.env, project: findProject(), say };
      await ensureNatsServer(options);
      // Without it everything runs but the mesh; `up` says so where it is asked for.
      await ensureEnvoy(options).catch((error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        say(describeError(error));
      });
    });
}
