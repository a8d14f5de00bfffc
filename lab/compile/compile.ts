import { describeEffects } from "./effects";
import { toProxyConfig } from "./envoy/proxy-config";
import { misplacedPatches } from "./misplaced-patches";
import { type Mesh } from "./model/mesh";
import { findConflicts } from "./resolve/conflicts";
import { readMesh } from "./resolve/mesh";
import { readMeshConfig } from "./resolve/mesh-config";
import { resolveProxy } from "./resolve/proxy";
import { readFile } from "./source/read";
import {
  type Compiled,
  CompileError,
  type CompileOptions,
  type Problem,
  type SourceFile,
  type World,
} from "./types";

/**
 * Istio YAML to Envoy configuration, one for each workload of `world` that has a sidecar or is a gateway. Pure,
 * and the order of `files` does not matter. Throws a `CompileError` with every problem found.
 */
export function compile(files: SourceFile[], world: World, options: CompileOptions): Compiled {
  const mesh = read(files, world);
  const proxies = mesh.workloads
    .filter((workload) => hasProxy(mesh, workload.name))
    .map((workload) => resolveProxy(mesh, workload));
  const applied = new Set<string>();
  const configs = new Map(
    proxies.map((proxy) => [proxy.workload.name, toProxyConfig(proxy, options, applied)]),
  );
  refuse(misplacedPatches(proxies, applied, configs));
  return { proxies: configs, objects: describeEffects(mesh, proxies) };
}

/** Pass 1. What is wrong in different files is told together. */
function read(files: SourceFile[], world: World): Mesh {
  const results = files.map(readFile);
  const documents = results.flatMap((result) => result.documents);
  const settings = readMeshConfig(world.meshConfig);
  if ("problems" in settings)
    throw new CompileError(sorted([...settings.problems, ...results.flatMap((result) => result.problems)]));
  const mesh = readMesh(documents, world, settings);
  refuse([...results, ...documents].flatMap(({ problems }) => problems).concat(findConflicts(mesh)));
  return mesh;
}

/** What only services without sidecars select has none: its application is reached as it is. */
function hasProxy(mesh: Mesh, name: string): boolean {
  const services = [...mesh.services.values()].filter(({ endpoints }) =>
    endpoints.some(({ workload }) => workload === name),
  );
  return services.length === 0 || services.some(({ meshed }) => meshed);
}

function refuse(problems: Problem[]): void {
  if (problems.length > 0) throw new CompileError(sorted(problems));
}

function sorted(problems: Problem[]): Problem[] {
  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...problems].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      compare(a.line, b.line) ||
      compare(a.column, b.column) ||
      compare(a.message, b.message),
  );
}
