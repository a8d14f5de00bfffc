import { Command } from "commander";

import { checkRunning, formatInvariants } from "../invariants/run";
import { exitCodes } from "../run/failure";
import { note, print, printJson } from "./terminal";

export function invariantsCommand(): Command {
  return new Command("check:invariants")
    .description("whether what was charged, reserved, shipped and told fits together; exits with 1 where not")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      const report = await checkRunning(note);
      if (options.json === true) printJson(report);
      else formatInvariants(report).forEach(print);
      if (report.violations.length > 0) process.exitCode = exitCodes.failed;
    });
}
