import { exitCodes, Failure } from "../../run/failure";
import { findProject } from "../../run/project";
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

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const fix = error instanceof Failure && error.fix !== undefined ? `; ${error.fix}` : "";
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${fix}\n`);
    process.exitCode = error instanceof Failure ? error.exitCode : exitCodes.failed;
  },
);
