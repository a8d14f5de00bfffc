import { CompileError } from "../../lab/compile/types";
import { type Answer } from "../../lab/fidelity/answers";
import { ourAnswer } from "../../lab/fidelity/ask";
import { type CompileCase, compileCases } from "./compile-cases";

const compiles = ({ files, world }: CompileCase): boolean => {
  try {
    ourAnswer(files, world);
    return true;
  } catch (error) {
    if (error instanceof CompileError) return false;
    throw error;
  }
};

/** The compiler's cases, but for those that it refuses. */
export const fidelityCases: CompileCase[] = compileCases.filter(compiles);

/** What the case that `one` is laid over answers by itself, with the same workloads; nothing where it is its own. */
export async function answerBeside(
  { files, beside, world }: CompileCase,
  ask: (files: CompileCase["files"], world: CompileCase["world"]) => Promise<Answer> | Answer,
): Promise<Answer | undefined> {
  // Cases of the compiler's own have no base, and what is the same for all of them is not what they are about.
  const base = beside === undefined || beside === files ? undefined : beside;
  return base === undefined ? undefined : ask(base, world);
}
