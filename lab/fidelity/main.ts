import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { parse } from "yaml";
import { z } from "zod";

import { type MeshConfig, type SourceFile } from "../compile/types";
import { exitCodes, Failure } from "../run/failure";
import { findProject } from "../run/project";
import { judge, type Verdict } from "./verdicts";

const usage = "npm run fidelity -- FILE... [--json]\n";

/** Compares what becomes of Istio YAML with what a real istiod makes of it. Exit code 1 where an object differs. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  if (positionals.length === 0)
    throw new Failure("usage.file_missing", "which files?", { fix: usage.trim(), exitCode: exitCodes.usage });
  const meshConfig = readMeshConfig();
  const verdicts: Verdict[] = [];
  for (const file of positionals.flatMap(readSources)) {
    const found = await judge(file, { meshConfig, environment: process.env });
    verdicts.push(...found);
    if (values.json !== true) process.stdout.write(found.map(format).join(""));
  }
  if (values.json === true) process.stdout.write(`${JSON.stringify(verdicts, null, 2)}\n`);
  return verdicts.some(({ verdict }) => verdict === "differs") ? exitCodes.failed : exitCodes.ok;
}

function format({ file, object, verdict, detail }: Verdict): string {
  const lines = detail === "" ? [] : detail.split("\n");
  return [`${verdict.padEnd(7)} ${file} ${object}`, ...lines.map((line) => `        ${line}`)]
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** The YAML files of a folder, or one file. */
function readSources(path: string): SourceFile[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined)
    throw new Failure("usage.file_missing", `there is no ${path}`, {
      fix: usage.trim(),
      exitCode: exitCodes.usage,
    });
  if (!stat.isDirectory()) return [{ path, text: readFileSync(path, "utf8") }];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .flatMap((name) => readSources(join(path, name)));
}

const istioValues = z.looseObject({ meshConfig: z.record(z.string(), z.json()) });

function readMeshConfig(): MeshConfig {
  const file = join(findProject(), "k8s", "istio-values.yaml");
  return istioValues.parse(parse(readFileSync(file, "utf8"))).meshConfig;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const wrongUsage = error instanceof TypeError && "code" in error;
    const fix = error instanceof Failure && error.fix !== undefined ? `; ${error.fix}` : "";
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}${fix}\n`);
    if (wrongUsage) process.stderr.write(usage);
    process.exitCode =
      error instanceof Failure ? error.exitCode : wrongUsage ? exitCodes.usage : exitCodes.failed;
  },
);
