import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The repository's root: the nearest folder above that holds the lockfile, from source as from dist. */
export function findProject(from: string = __dirname): string {
  let folder = from;
  while (!existsSync(join(folder, "package-lock.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package-lock.json above ${from}`);
    folder = parent;
  }
  return folder;
}

/** The checkout's own folder for everything that is not in git: tools and, unless told otherwise, state. */
export function homeFolder(project: string = findProject()): string {
  return join(project, ".symphony");
}

/** The files of one system, running or not: `SYMPHONY_STATE` (the option `--state`), or the home folder. */
export function stateFolder(environment: Record<string, string | undefined> = process.env): string {
  const given = environment.SYMPHONY_STATE ?? "";
  return given === "" ? homeFolder() : resolve(given);
}

/** A short name for a folder, for what belongs to it but must lie outside of it. */
export function shortHash(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 12);
}
