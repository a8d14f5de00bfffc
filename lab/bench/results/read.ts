import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { Failure } from "../../run/failure";
import { type HeadlineRun } from "../headline/headline";
import { type MatrixRun, type Results } from "./render";

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** The committed runs of a folder. Fails where there is no headline run. */
export async function readResults(folder: string): Promise<Results> {
  const [headline, matrix, notes] = await Promise.all(
    ["headline.json", "matrix.json", "notes.md"].map((name) => readText(join(folder, name))),
  );
  if (headline === undefined)
    throw new Failure("results.no_headline", `${folder} has no headline.json`, {
      fix: "run npm run bench -- headline, then npm run results -- with its id",
    });
  return {
    headline: JSON.parse(headline) as HeadlineRun,
    ...(matrix !== undefined && { matrix: JSON.parse(matrix) as MatrixRun }),
    ...(notes !== undefined && { notes }),
  };
}
