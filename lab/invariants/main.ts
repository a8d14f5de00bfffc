import { parseArgs } from "node:util";

import { exitCodes } from "../run/failure";
import { runMain } from "../run/run-main";
import { checkRunning, formatInvariants } from "./run";

const usage = "npm run check:invariants -- [--target laptop|kube] [--json]\n";

/** Checks the running system; prints a report, as JSON with --json. Exit code 1 where an invariant is violated. */
async function main(): Promise<number> {
  const { values } = parseArgs({ options: { target: { type: "string" }, json: { type: "boolean" } } });
  if (values.target !== undefined) process.env.SYMPHONY_TARGET = values.target;
  const report = await checkRunning((line) => void process.stderr.write(`${line}\n`));
  const text = values.json === true ? JSON.stringify(report, null, 2) : formatInvariants(report).join("\n");
  process.stdout.write(`${text}\n`);
  return report.violations.length === 0 ? exitCodes.ok : exitCodes.failed;
}

runMain(main, usage);
