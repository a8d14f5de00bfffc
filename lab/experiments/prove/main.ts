import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

import { exitCodes, Failure } from "../../run/failure";
import { findProject } from "../../run/project";
import { runMain } from "../../run/run-main";
import { durationOf } from "../load";
import { loadExperiment } from "../parse";
import { selectExperiments } from "./select";

const usage = `npm run test:experiments -- [--only NAME,NAME] [--seed N]

Runs every experiment, or those that are named, with and without what protects the system, on a system of its own:
as it is it must hold, without it must fail. --seed in the place of each file's own.
`;

/** What comes to each run of a load: looking before and after, customers, the last orders, rest. */
const besideMs = 20_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: "string" }, seed: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(usage);
    return exitCodes.ok;
  }
  const { only = "", seed = "" } = values;
  const files = selectExperiments(only);
  if (seed !== "" && !(/^\d+$/.test(seed) && Number(seed) < 2 ** 32))
    throw new Failure("usage.seed", `the seed is ${seed}`, {
      fix: "give a whole number from 0 to 4294967295",
      exitCode: exitCodes.usage,
    });
  const loaded = await Promise.all(files.map(loadExperiment));
  // Each both ways, and each way with a control run.
  const ms = loaded.reduce((sum, { experiment }) => sum + 4 * (durationOf(experiment.load) + besideMs), 0);
  process.stderr.write(
    `${String(files.length)} experiments both ways, about ${String(Math.ceil(ms / 60_000))} minutes\n`,
  );
  const jest = require.resolve("jest/bin/jest");
  const { status } = spawnSync(process.execPath, [jest, "--selectProjects=experiments", "--runInBand"], {
    cwd: findProject(),
    stdio: "inherit",
    env: { ...process.env, SYMPHONY_EXPERIMENTS: only, SYMPHONY_SEED: seed },
  });
  return status ?? exitCodes.failed;
}

runMain(main, usage);
