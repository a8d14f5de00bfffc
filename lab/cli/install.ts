import { Command } from "commander";

import { findProject } from "../run/project";
import { ensureNatsServer } from "../run/tools";
import { note } from "./terminal";

/** npm packages and dist are up to date by the time this runs: the bootstrap `./symphony` sees to them. */
export function installCommand(): Command {
  return new Command("install")
    .description("fetch and build everything that is needed, once; afterwards no network is needed")
    .action(async () => {
      await ensureNatsServer({
        environment: process.env,
        project: findProject(),
        say: (line) => note(`symphony: ${line}`),
      });
    });
}
