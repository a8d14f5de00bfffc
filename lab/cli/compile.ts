import { existsSync } from "node:fs";
import { resolve } from "node:path";

import { Command } from "commander";
import { createTwoFilesPatch } from "diff";

import { compile } from "../compile/compile";
import { planWorld } from "../compile/default-world";
import { overlay } from "../compile/overlay";
import { printConfig } from "../compile/print";
import {
  type Compiled,
  CompileError,
  type CompileOptions,
  formatProblem,
  type SourceFile,
  type World,
} from "../compile/types";
import { readMeshConfig, readSources } from "../mesh/sources";
import { exitCodes, Failure } from "../run/failure";
import { findProject } from "../run/project";
import { note, painter, print, printJson } from "./terminal";

type Options = { service?: string; diff?: string; json?: boolean };

/** How many lines of what stays the same stand around what a fault changes. */
const context = 4;

export function compileCommand(): Command {
  return new Command("compile")
    .description("print the Envoy configuration that mesh/base becomes, with the YAML line behind each part")
    .option("--service <name>", "of one service, replica or the ingress (default: all)")
    .option("--diff <fault>", "print what a fault of mesh/faults, or a file or folder, changes in it")
    .option("--json", "print {proxies, objects} as Envoy's JSON")
    .action((options: Options) => run(options));
}

function run(options: Options): void {
  const base = readSources("mesh/base");
  const world = planWorld({ meshConfig: readMeshConfig() });
  if (options.diff === undefined) show(compileOrFail(base, world), options);
  else showDifference(base, readOverlay(options.diff), { world, options });
}

/** Paths as they are when Symphony runs, but for the folder of its state. */
const paths: CompileOptions = {
  path: (proxy, kind, resource) =>
    `/${[proxy, kind, ...(resource === undefined ? [] : [resource])].join("/")}.json`,
};

function compileOrFail(files: SourceFile[], world: World): Compiled {
  try {
    return compile(files, world, paths);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    for (const problem of error.problems) note(formatProblem(problem));
    const count = error.problems.length;
    throw new Failure(
      "mesh.refused",
      `${String(count)} ${count === 1 ? "thing is" : "things are"} wrong in these files`,
      {
        fix: "see the lines above",
      },
    );
  }
}

function chosen({ proxies }: Compiled, service: string | undefined): [string, string][] {
  const names = [...proxies.keys()].filter(
    (name) => service === undefined || name === service || name.startsWith(`${service}-`),
  );
  if (names.length === 0)
    throw new Failure("usage.unknown_service", `nothing called ${service ?? ""} has a proxy`, {
      fix: `one of ${[...proxies.keys()].join(", ")}`,
      exitCode: exitCodes.usage,
    });
  return names.flatMap((name) => {
    const config = proxies.get(name);
    return config === undefined ? [] : [[name, printConfig(config)] satisfies [string, string]];
  });
}

function show(compiled: Compiled, { service, json }: Options): void {
  const parts = chosen(compiled, service);
  if (json === true) {
    const proxies = Object.fromEntries(parts.map(([name]) => [name, compiled.proxies.get(name)]));
    printJson({ proxies, objects: compiled.objects });
    return;
  }
  for (const [name, text] of parts) print(`# ${name}\n${text.trimEnd()}\n---`);
  for (const { kind, namespace, name, effect, file, line } of compiled.objects)
    note(`${file}:${String(line)} ${kind} ${namespace}/${name}: ${effect}`);
}

function showDifference(
  base: SourceFile[],
  over: SourceFile[],
  { world, options }: { world: World; options: Options },
): void {
  const before = chosen(compileOrFail(base, world), options.service);
  const after = new Map(chosen(compileOrFail(overlay(base, over), world), options.service));
  const changes = before
    .filter(([name, text]) => after.get(name) !== text)
    .map(([name, text]) => ({
      proxy: name,
      diff: createTwoFilesPatch(`${name} without`, `${name} with`, text, after.get(name) ?? "", "", "", {
        context,
      }),
    }));
  if (options.json === true) printJson({ changes });
  else for (const { diff } of changes) print(colour(diff).trimEnd());
  if (changes.length === 0) note("it changes nothing here");
}

function colour(diff: string): string {
  const paint = painter(process.stdout);
  return diff
    .split("\n")
    .filter((line) => !/^=+$/.test(line))
    .map((line) => (/^\+/.test(line) ? paint("green", line) : /^-/.test(line) ? paint("red", line) : line))
    .join("\n");
}

function readOverlay(name: string): SourceFile[] {
  const path = [`mesh/faults/${name}.yaml`, name].find((candidate) =>
    existsSync(resolve(findProject(), candidate)),
  );
  if (path !== undefined) return readSources(path);
  const faults = readSources("mesh/faults").map((file) => file.path.replace(/^.*\/|\.yaml$/g, ""));
  throw new Failure("fault.unknown", `there is no fault ${name}`, {
    fix: `one of ${faults.join(", ")}, or a file or folder such as mesh/profiles/chaos`,
    exitCode: exitCodes.usage,
  });
}
