import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

/** The nearest folder at or above `start` that holds a package.json. */
function findRoot(start: string): string {
  let folder = start;
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`there is no package.json at or above ${start}`);
    folder = parent;
  }
  return folder;
}

/** The project's root: the code runs from lib/ under jest and from dist/lib/ otherwise. */
export const projectRoot = findRoot(__dirname);

/**
 * The folder of the sources that `folder` was compiled from: what is no code (migrations, templates, protos)
 * is read from there and has one copy.
 */
export function sourceFolder(folder: string): string {
  const parts = relative(projectRoot, folder).split(sep);
  return join(projectRoot, ...(parts[0] === "dist" ? parts.slice(1) : parts));
}

/** Where lib/'s own migrations (outbox and inbox) lie. */
export const libMigrations = join(projectRoot, "lib", "migrations");
