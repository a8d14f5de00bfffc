import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { compile } from "../../lab/compile/compile";
import { planWorld } from "../../lab/compile/default-world";
import { overlay } from "../../lab/compile/overlay";
import {
  type Compiled,
  CompileError,
  formatProblem,
  type SourceFile,
  type World,
} from "../../lab/compile/types";
import { readMeshConfig, readSources } from "../../lab/mesh/sources";
import { projectRoot } from "../../lib/paths";
import { goldenPaths } from "./compile";

/** Where the compiler's cases and goldens lie. */
export const compileData = join(projectRoot, "lab", "compile", "testdata");

/** `beside` is what the golden leaves out: only resources that differ from it are in. */
export type CompileCase = {
  name: string;
  files: SourceFile[];
  world: World;
  beside: SourceFile[] | undefined;
};

const shop = parse(readFileSync(join(compileData, "world.yaml"), "utf8")) as World;
const symphony = planWorld({ meshConfig: readMeshConfig() });
const base = readSources("mesh/base");

const ownCases: CompileCase[] = readdirSync(compileData)
  .filter((file) => file.endsWith(".in.yaml"))
  .map((file) => ({
    name: file.replace(".in.yaml", ""),
    files: [{ path: file, text: readFileSync(join(compileData, file), "utf8") }],
    world: shop,
    beside: file === "nothing.in.yaml" ? undefined : [],
  }));

const overlays = [
  "mesh/profiles/chaos",
  "mesh/canary",
  ...readSources("mesh/faults").map(({ path }) => path),
];

/** Every case of the compiler's own, `mesh/base`, and `mesh/base` with each of what can be laid over it. */
export const compileCases: CompileCase[] = [
  ...ownCases,
  { name: "mesh-base", files: base, world: symphony, beside: undefined },
  ...overlays.map((path) => ({
    name: path.replaceAll("/", "-").replace(".yaml", ""),
    files: overlay(base, readSources(path)),
    world: worldFor(path),
    beside: base,
  })),
];

/** The replica that a fault is about has a label that no other has. */
function worldFor(path: string): World {
  if (!path.includes("flaky-replica")) return symphony;
  const world = planWorld({ meshConfig: readMeshConfig(), replicas: { inventory: 2 } });
  const workloads = world.workloads.map((workload) =>
    workload.name === "inventory-2"
      ? { ...workload, labels: { ...workload.labels, "symphony.dev/flaky": "true" } }
      : workload,
  );
  return { ...world, workloads };
}

/** What a case becomes, or the problems that the compiler tells, a line each. */
export function tryCompile({ files, world }: Pick<CompileCase, "files" | "world">): Compiled | string {
  try {
    return compile(files, world, goldenPaths);
  } catch (error) {
    if (error instanceof CompileError) return `${error.problems.map(formatProblem).join("\n")}\n`;
    throw error;
  }
}
