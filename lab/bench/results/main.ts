import { exitCodes } from "../../run/failure";
import { findProject } from "../../run/project";
import { runMain } from "../../run/run-main";
import { commitRun } from "./commit";

const usage =
  "npm run results -- RUN    (the id that npm run bench printed, latest, or the path of a journal.json)\n";

/** Commits a run to docs/results/<kind>.json and writes docs/results.md anew. */
async function main(): Promise<number> {
  const [wanted, ...rest] = process.argv.slice(2);
  if (wanted === undefined || rest.length > 0) {
    process.stderr.write(usage);
    return exitCodes.usage;
  }
  const id = await commitRun(wanted, findProject());
  process.stdout.write(`docs/results.md is written from ${id}\n`);
  return exitCodes.ok;
}

runMain(main);
