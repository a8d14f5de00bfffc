import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { exitCodes, Failure } from "../../run/failure";
import { findProject } from "../../run/project";
import { readRun } from "../run-file";
import { readResults } from "./read";
import { renderResults } from "./render";

const usage = "npm run results -- RUN    (the id that npm run bench printed, or the path of a run.json)\n";

/** Commits a run to docs/results/<kind>.json and writes docs/results.md anew. */
async function main(): Promise<number> {
  const [wanted, ...rest] = process.argv.slice(2);
  if (wanted === undefined || rest.length > 0) {
    process.stderr.write(usage);
    return exitCodes.usage;
  }
  const run = await readRun(wanted);
  if (run.kind !== "headline" && run.kind !== "matrix")
    throw new Failure("results.kind", `${run.id} is a run of ${run.kind}`, {
      fix: "give one of headline or matrix",
    });
  const project = findProject();
  const folder = join(project, "docs/results");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${run.kind}.json`), `${JSON.stringify(run, null, 1)}\n`);
  const path = join(project, "docs/results.md");
  await writeFile(path, renderResults(await readResults(folder)));
  process.stdout.write(`docs/results.md is written from ${run.id}\n`);
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
