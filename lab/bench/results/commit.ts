import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Failure } from "../../run/failure";
import { readRun } from "../run-file";
import { readResults } from "./read";
import { renderResults } from "./render";

/**
 * Puts a run into docs/results/<kind>.json of a checkout and writes its docs/results.md anew; returns the run's id.
 * `given` is an id, a name or a path, as `readRun` takes it.
 */
export async function commitRun(given: string, project: string): Promise<string> {
  const run = await readRun(given);
  if (run.kind !== "headline" && run.kind !== "matrix")
    throw new Failure("results.kind", `${run.id} is a run of ${run.kind}`, {
      fix: "give one of headline or matrix",
    });
  const folder = join(project, "docs/results");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${run.kind}.json`), `${JSON.stringify(run, null, 1)}\n`);
  await writeFile(join(project, "docs/results.md"), renderResults(await readResults(folder)));
  return run.id;
}
