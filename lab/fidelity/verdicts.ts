import { compile } from "../compile/compile";
import {
  type CompiledObject,
  CompileError,
  formatProblem,
  type MeshConfig,
  type Problem,
  type SourceFile,
} from "../compile/types";
import { istiodAnswer, ourAnswer, paths } from "./ask";
import { type Brought, objectsIn, titleOf, without } from "./brought";
import { compareAnswers, type Difference, formatDifference } from "./compare";
import { invent, type Invented } from "./invent";
import { responsibleFor } from "./responsible";

/** What comes of one object: the same as from istiod, something else, or nothing, and why. */
export type Verdict = {
  file: string;
  /** `VirtualService shop/api`; empty where the file itself cannot be read. */
  object: string;
  verdict: "equal" | "differs" | "refused";
  detail: string;
};

type Environment = Record<string, string | undefined>;
type Setup = { meshConfig: MeshConfig; environment: Environment };

/**
 * Compares what becomes of every object of `file` with what a real istiod makes of it, in a world made up for it.
 * Fails where there is no istiod.
 */
export async function judge(file: SourceFile, { meshConfig, environment }: Setup): Promise<Verdict[]> {
  const { refused, kept, invented } = refuseAll(file, meshConfig);
  const left = objectsIn(kept);
  if (left.length === 0) return refused;
  const files = [kept, ...invented.files];
  const differences = compareAnswers(
    ourAnswer(files, invented.world),
    await istiodAnswer(files, invented.world, environment),
  );
  const { objects } = compile(files, invented.world, paths);
  const verdicts = left.map((object) => toVerdict(file.path, object, { left, differences, objects }));
  const order = objectsIn(file).map(titleOf);
  return [...refused, ...verdicts].sort((a, b) => order.indexOf(a.object) - order.indexOf(b.object));
}

type Findings = { left: Brought[]; differences: Difference[]; objects: CompiledObject[] };

function toVerdict(file: string, object: Brought, { left, differences, objects }: Findings): Verdict {
  const own = differences.filter((difference) => responsibleFor(difference, left).includes(object));
  const effect = objects.find(
    ({ kind, namespace, name }) =>
      kind === object.kind && namespace === object.namespace && name === object.name,
  );
  return {
    file,
    object: titleOf(object),
    verdict: own.length === 0 ? "equal" : "differs",
    detail: own.length === 0 ? (effect?.effect ?? "") : own.map(formatDifference).join("\n"),
  };
}

type Refusals = { refused: Verdict[]; kept: SourceFile; invented: Invented };

/** Takes out one after the other what the compiler refuses, until it takes the rest. */
function refuseAll(file: SourceFile, meshConfig: MeshConfig): Refusals {
  const refused: Verdict[] = [];
  let kept = file;
  for (;;) {
    const objects = objectsIn(kept);
    const invented = invent(objects, meshConfig);
    const problems = problemsOf([kept, ...invented.files], invented);
    if (problems.length === 0) return { refused, kept, invented };
    const wrong = objects.filter((object) => problems.some((problem) => isIn(problem, object)));
    refused.push(
      ...wrong.map((object): Verdict => {
        const own = problems.filter((problem) => isIn(problem, object));
        return {
          file: file.path,
          object: titleOf(object),
          verdict: "refused",
          detail: own.map(formatProblem).join("\n"),
        };
      }),
    );
    // Nobody to blame: it is the file as a whole, and nothing of it can be compared.
    if (wrong.length === 0) {
      const detail = problems.map(formatProblem).join("\n");
      const all = objects.length === 0 ? [""] : objects.map(titleOf);
      refused.push(
        ...all.map((object): Verdict => ({ file: file.path, object, verdict: "refused", detail })),
      );
      return { refused, kept: { path: file.path, text: "" }, invented };
    }
    kept = without(kept, wrong);
  }
}

function problemsOf(files: SourceFile[], { world }: Invented): Problem[] {
  try {
    compile(files, world, paths);
    return [];
  } catch (error) {
    if (error instanceof CompileError) return error.problems;
    throw error;
  }
}

const isIn = ({ line }: Problem, { lines: [first, last] }: Brought): boolean => line >= first && line <= last;
