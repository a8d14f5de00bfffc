import { Command } from "commander";

import { exitCodes, Failure } from "../run/failure";
import { type CheckGroup, checkGroups, type CheckResult, runChecks } from "./checks";
import { type Colour, painter, print, printJson } from "./terminal";

type Options = { only?: string[]; skip?: string[]; port: number; json?: boolean };
const marks: Record<CheckResult["status"], { mark: string; colour: Colour }> = {
  ok: { mark: "√", colour: "green" },
  warning: { mark: "‼", colour: "yellow" },
  failed: { mark: "×", colour: "red" },
};

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("check this machine; each finding with its fix; exits with 3 where something must be fixed")
    .option("--only <group...>", `only these groups: ${checkGroups.join(", ")}`)
    .option("--skip <group...>", "all but these groups")
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      const groups = chooseGroups(options);
      const results = await runChecks(groups, process.env);
      const failed = results.filter((result) => result.status === "failed");
      if (options.json === true) printJson({ ok: failed.length === 0, checks: results });
      else show(results);
      if (failed.length > 0) process.exitCode = exitCodes.environment;
    });
}

function chooseGroups({ only, skip }: Options): CheckGroup[] {
  for (const name of [...(only ?? []), ...(skip ?? [])]) {
    if ((checkGroups as readonly string[]).includes(name)) continue;
    throw new Failure("usage.group", `there is no group ${name}`, {
      fix: `choose from ${checkGroups.join(", ")}`,
      exitCode: exitCodes.usage,
    });
  }
  return checkGroups.filter((group) => (only?.includes(group) ?? true) && skip?.includes(group) !== true);
}

function show(results: CheckResult[]): void {
  const paint = painter(process.stdout);
  let group = "";
  for (const result of results) {
    if (result.group !== group) {
      group = result.group;
      print(`${paint("bold", group)}`);
    }
    const { mark, colour } = marks[result.status];
    print(`  ${paint(colour, mark)} ${result.message}`);
    if (result.fix !== undefined) print(`    ${paint("dim", `→ ${result.fix}`)}`);
  }
  const count = (status: CheckResult["status"]): string =>
    String(results.filter((result) => result.status === status).length);
  print(`\n${count("ok")} good, ${count("warning")} to note, ${count("failed")} to fix`);
}
