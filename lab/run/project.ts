import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

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

/** The files of a running system, all below `.symphony/`. */
export function stateFolder(project: string = findProject()): string {
  return join(project, ".symphony");
}

/** A short name for a folder, for what belongs to it but must lie outside of it. */
export function shortHash(folder: string): string {
  return createHash("sha256").update(folder).digest("hex").slice(0, 12);
}
