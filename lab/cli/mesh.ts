import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { Command } from "commander";

import { type MeshStatus, type RuleText } from "../mesh/control";
import { shownPath } from "../mesh/sources";
import { exitCodes } from "../run/failure";
import { findProject } from "../run/project";
import { openControl } from "../target/laptop-mesh";
import { readRule } from "../target/rules";
import { type Colour, note, painter, print, printJson, table } from "./terminal";

type Json = { json?: boolean };

export function meshCommand(): Command {
  const mesh = new Command("mesh").description("the rules of this machine's mesh, and who has them");
  mesh
    .command("status")
    .description(
      "the files in force, what each object does, and the sidecars; exits with 1 where something is wrong",
    )
    .option("--json", "print JSON")
    .action(status);
  mesh
    .command("apply")
    .description("put an Istio YAML file in force over mesh/base; returns when the sidecars have it")
    .argument("<file>", "such as mesh/canary/inventory.yaml; a file of mesh/base ends what covers it")
    .option("--json", "print JSON")
    .action(apply);
  mesh
    .command("remove")
    .description("take the objects of a file out of force")
    .argument("<file>")
    .option("--json", "print JSON")
    .action(remove);
  mesh
    .command("diff")
    .description("what applying a file would change, sidecar by sidecar")
    .argument("<file>")
    .option("--json", "print JSON")
    .action(diff);
  mesh
    .command("reload")
    .description("take mesh/base as it is on the disk now; a saved file is taken without this")
    .option("--json", "print JSON")
    .action(reload);
  return mesh;
}

/** A file is named from here, or from the repository's root. */
async function ruleOf(name: string): Promise<RuleText> {
  const file = existsSync(resolve(name)) ? resolve(name) : name;
  return { path: shownPath(resolve(findProject(), file)), text: await readRule({ file }) };
}

function report({ changed }: { changed: string[] }, { json }: Json): void {
  if (json === true) printJson({ changed });
  else note(changed.length === 0 ? "nothing changes" : `in force in ${changed.join(", ")}`);
}

async function apply(file: string, options: Json): Promise<void> {
  report(await openControl().applyRule(await ruleOf(file)), options);
}

async function remove(file: string, options: Json): Promise<void> {
  report(await openControl().removeRule(await ruleOf(file)), options);
}

async function reload(options: Json): Promise<void> {
  report(await openControl().reloadRules(), options);
}

async function diff(file: string, options: Json): Promise<void> {
  const changes = await openControl().diffRule(await ruleOf(file));
  if (options.json === true) {
    printJson(changes);
    return;
  }
  if (changes.length === 0) note("nothing would change");
  const paint = painter(process.stdout);
  const marks = { new: paint("green", "+"), gone: paint("red", "-"), changed: paint("yellow", "~") };
  for (const { sidecar, resource, change } of changes) print(`${marks[change]} ${sidecar}  ${resource}`);
}

async function status(options: Json): Promise<void> {
  const found = await openControl().meshStatus();
  const healthy = found.problem === undefined && found.sidecars.every((entry) => entry.status === "ready");
  if (!healthy) process.exitCode = exitCodes.failed;
  if (options.json === true) printJson({ healthy, ...found });
  else show(found);
}

function show({ objects, sidecars, problem }: MeshStatus): void {
  const paint = painter(process.stdout);
  const bold = (words: string[]): string[] => words.map((word) => paint("bold", word));
  print(
    table(
      bold(["object", "file", "effect"]),
      objects.map(({ kind, name, effect, file, line }) => [
        `${kind} ${name}`,
        `${file}:${String(line)}`,
        effect,
      ]),
    ),
  );
  const colours: Record<string, Colour> = { ready: "green" };
  print("");
  print(
    table(
      bold(["sidecar", "status", "certificate until", "admin"]),
      sidecars.map(({ name, status: state, certificateEnds, admin }) => [
        name,
        paint(colours[state] ?? "red", state),
        certificateEnds ?? "-",
        admin,
      ]),
    ),
  );
  if (problem !== undefined) note(`${paint("red", "the files on the disk are not in force:")}\n${problem}`);
}
