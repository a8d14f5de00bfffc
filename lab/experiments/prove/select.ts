import { exitCodes, Failure } from "../../run/failure";
import { experimentFiles } from "../parse";

const nameOf = (file: string): string => file.replace(/^.*\//, "").replace(/\.ya?ml$/, "");

/**
 * The files of lab/experiments that `only` names, with commas between them; all where it names none. Fails with what there
 * is where one does not exist.
 */
export function selectExperiments(only = "", files: readonly string[] = experimentFiles()): string[] {
  const wanted = only
    .split(",")
    .map((text) => nameOf(text.trim()))
    .filter((name) => name !== "");
  const unknown = wanted.filter((name) => !files.some((file) => nameOf(file) === name));
  if (unknown.length > 0)
    throw new Failure("experiment.unknown", `there is no experiment ${unknown.join(", ")}`, {
      fix: `give some of ${files.map(nameOf).join(", ")}`,
      exitCode: exitCodes.usage,
    });
  return wanted.length === 0 ? [...files] : files.filter((file) => wanted.includes(nameOf(file)));
}
