import { existsSync, readdirSync } from "node:fs";
import { readFile as readText } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";

import type { z } from "zod";

import { type Path, type SourceDocument } from "../compile/source/document";
import { readFile } from "../compile/source/read";
import { formatProblem, type Problem } from "../compile/types";
import { exitCodes, Failure } from "../run/failure";
import { findProject } from "../run/project";
import { readFaults } from "../target/faults";
import { type Activity } from "./activities";
import { type Experiment, experimentSchema } from "./schema";

/** An experiment file that can be run. */
export type LoadedExperiment = {
  /** The file's name without its ending, such as `payment-outage`. */
  name: string;
  /** From the repository's root, where it lies in it. */
  file: string;
  experiment: Experiment;
};

/** What of the repository a file may refer to. */
export type Known = { faults: readonly string[]; hasFile(path: string): boolean };

/** Reads the text of an experiment. Every problem comes with its line; none means that it can be run. */
export function parseExperiment(
  source: { path: string; text: string },
  known: Known,
): { experiment: Experiment; problems: [] } | { experiment: undefined; problems: Problem[] } {
  const { documents, problems } = readFile(source);
  const [document, second] = documents;
  if (problems.length > 0) return { experiment: undefined, problems };
  if (document === undefined) return refused(source.path, 1, "the file holds no experiment");
  if (second !== undefined)
    return refused(source.path, second.origin().line, "a file holds one experiment; take this one out");
  const parsed = experimentSchema.safeParse(document.content, { error: explain });
  if (!parsed.success) {
    for (const issue of parsed.error.issues) refuse(document, issue);
    return { experiment: undefined, problems: document.problems };
  }
  checkReferences(document, parsed.data, known);
  if (document.problems.length > 0) return { experiment: undefined, problems: document.problems };
  return { experiment: parsed.data, problems: [] };
}

function refused(
  file: string,
  line: number,
  message: string,
): { experiment: undefined; problems: Problem[] } {
  return { experiment: undefined, problems: [{ file, line, column: 1, field: "", message }] };
}

const list = (values: readonly unknown[]): string => values.map(String).join(", ");
const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));

/** Zod's own words do not say what is allowed, and speak of types where a person thinks of a missing field. */
const explain: z.core.$ZodErrorMap = (issue) => {
  const { code, input } = issue;
  if (code === "unrecognized_keys") {
    const shape = (issue.inst as z.core.$ZodObject | undefined)?._zod.def.shape ?? {};
    return `unknown field; allowed here: ${list(Object.keys(shape).sort())}`;
  }
  if (code === "invalid_value") return `${shown(input)} is none of: ${list(issue.values)}`;
  if (code === "invalid_type")
    return input === undefined ? "is missing" : `${shown(input)} is no ${issue.expected}`;
  const { options } = issue as { options?: unknown[] };
  if (code !== "invalid_union" || options === undefined) return undefined;
  return `${input === undefined ? "is missing" : "is unknown"}; allowed: ${list(options)}`;
};

function refuse(document: SourceDocument, issue: z.core.$ZodIssue): void {
  const path = issue.path.map((part) => (typeof part === "number" ? part : String(part)));
  if (issue.code !== "unrecognized_keys") document.refuse(path, issue.message);
  else for (const key of issue.keys) document.refuse([...path, key], issue.message);
}

/** What one field says of another, or of a file. */
function checkReferences(document: SourceDocument, experiment: Experiment, known: Known): void {
  for (const { path, activity } of activitiesOf(experiment)) {
    const { provider } = activity;
    if (provider.func === "fault" && !known.faults.includes(provider.arguments.name))
      document.refuse(
        [...path, "provider", "arguments", "name"],
        `there is no such fault; allowed: ${list(known.faults)}`,
      );
  }
  const { hypothesis, method } = experiment;
  if (Object.keys(hypothesis).length === 0)
    document.refuse(["hypothesis"], "is empty; say at least one thing that must hold");
  if (hypothesis["flood-refused"] !== undefined && !method.some(({ provider }) => provider.func === "flood"))
    document.refuse(["hypothesis", "flood-refused"], "the method has no flood that could be refused");
  experiment["stop-conditions"].forEach((condition, index) => {
    if ((condition.below === undefined) === (condition.above === undefined))
      document.refuse(["stop-conditions", index], "give either below or above");
  });
  checkProtection(document, experiment, known);
}

function checkProtection(
  document: SourceDocument,
  { hypothesis, protection }: Experiment,
  known: Known,
): void {
  protection?.without.rules.forEach((file, index) => {
    if (!known.hasFile(file))
      document.refuse(["protection", "without", "rules", index], `there is no file ${file}`);
  });
  protection?.turns.forEach((name, index) => {
    if (hypothesis[name] === undefined)
      document.refuse(
        ["protection", "turns", index],
        `the hypothesis says nothing about ${name}; allowed: ${list(Object.keys(hypothesis))}`,
      );
  });
}

function activitiesOf(experiment: Experiment): { path: Path; activity: Activity }[] {
  const { protection } = experiment;
  const lists: [Path, readonly Activity[]][] = [
    [["setup"], experiment.setup],
    [["steady-state-hypothesis", "probes"], experiment["steady-state-hypothesis"].probes],
    [["method"], experiment.method],
    [["rollbacks"], experiment.rollbacks],
    [["protection", "without", "setup"], protection?.without.setup ?? []],
    [["protection", "without", "method"], protection?.without.method ?? []],
  ];
  return lists.flatMap(([path, items]) =>
    items.map((activity, index) => ({ path: [...path, index], activity })),
  );
}

export const experimentsFolder = "lab/experiments";

/** The files of lab/experiments, by name. */
export function experimentFiles(project: string = findProject()): string[] {
  return readdirSync(join(project, experimentsFolder))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => `${experimentsFolder}/${name}`);
}

/** What a checkout has. */
export async function knownHere(project: string = findProject()): Promise<Known> {
  return {
    faults: (await readFaults(project)).map(({ name }) => name),
    hasFile: (path) => existsSync(join(project, path)),
  };
}

/** Reads one file, given from the working folder or from the repository's root. Fails with every problem by line. */
export async function loadExperiment(given: string): Promise<LoadedExperiment> {
  const project = findProject();
  const candidates = [
    resolve(given),
    join(project, given),
    join(project, experimentsFolder, `${given}.yaml`),
  ];
  const path = candidates.find((candidate) => /\.ya?ml$/.test(candidate) && existsSync(candidate));
  if (path === undefined)
    throw new Failure("experiment.unknown", `there is no experiment ${given}`, {
      fix: "name a YAML file, or one of ./symphony experiment list",
      exitCode: exitCodes.usage,
    });
  const inProject = relative(project, path);
  const file = inProject.startsWith("..") || isAbsolute(inProject) ? path : inProject;
  const { experiment, problems } = parseExperiment(
    { path: file, text: await readText(path, "utf8") },
    await knownHere(project),
  );
  const name = file.replace(/^.*\//, "").replace(/\.ya?ml$/, "");
  if (experiment !== undefined) return { name, file, experiment };
  throw new Failure("experiment.invalid", problems.map(formatProblem).join("\n"), {
    fix: "nothing was touched; see docs/experiments.md",
    exitCode: exitCodes.usage,
  });
}
