import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";
import { type Answer, renderAnswer } from "./answers";

/** Where istiod's answers are kept. */
export const keptFolder = join(projectRoot, "lab", "fidelity", "testdata");

/** The file of a case's answer. */
export const keptFile = (name: string): string => join(keptFolder, `${name}.yaml`);

/** Which istiod the answers are of. */
export const versionFile = join(keptFolder, "istiod-version.txt");

const preamble =
  "# What istiod generates, reduced to what each feature means. `npm run fidelity:update` asks it again.\n";

/** An answer as it is kept: without what is in `beside`, the answer of the case that this one is laid over. */
export const toKept = (answer: Answer, beside?: Answer): string => preamble + renderAnswer(answer, beside);

/** The kept answer of a case; undefined where istiod was never asked. */
export function readKept(name: string): string | undefined {
  return existsSync(keptFile(name)) ? readFileSync(keptFile(name), "utf8") : undefined;
}

/** Every case that an answer is kept of. */
export const keptNames = (): string[] =>
  readdirSync(keptFolder).flatMap((file) => /^(.*)\.yaml$/.exec(file)?.[1] ?? []);
