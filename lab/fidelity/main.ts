import { existsSync } from "node:fs";
import { parseArgs } from "node:util";

import { readMeshConfig, readSources } from "../mesh/sources";
import { exitCodes, Failure } from "../run/failure";
import { runMain } from "../run/run-main";
import { judge, type Verdict } from "./verdicts";

const usage = "npm run fidelity -- FILE... [--json]\n";

/** Compares what becomes of Istio YAML with what a real istiod makes of it. Exit code 1 where an object differs. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { json: { type: "boolean" } },
    allowPositionals: true,
  });
  const missing = positionals.find((path) => !existsSync(path));
  if (positionals.length === 0 || missing !== undefined)
    throw new Failure(
      "usage.file_missing",
      missing === undefined ? "which files?" : `there is no ${missing}`,
      { fix: usage.trim(), exitCode: exitCodes.usage },
    );
  const meshConfig = readMeshConfig();
  const verdicts: Verdict[] = [];
  for (const file of positionals.flatMap((path) => readSources(path, process.cwd()))) {
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

runMain(main, usage);
