import { compile } from "../compile/compile";
import { type CompileOptions, type SourceFile, type World } from "../compile/types";
import { type Answer } from "./answers";
import { askIstiod } from "./istiod/istiod";
import { reduceProxy } from "./reduce/reduce";
import { fromCompiled } from "./sides/compiled";
import { fromIstiod } from "./sides/istiod";

/** Paths say nothing here: sources are not compared. */
export const paths: CompileOptions = {
  path: (proxy, kind, resource) => `/${proxy}/${kind}/${resource ?? ""}`,
};

/** What our compiler makes of `files`, reduced. Throws a `CompileError` where it refuses them. */
export function ourAnswer(files: SourceFile[], world: World): Answer {
  const { proxies } = compile(files, world, paths);
  return new Map(
    world.workloads.flatMap((workload) => {
      const config = proxies.get(workload.name);
      if (config === undefined) return [];
      return [[workload.name, reduceProxy(fromCompiled(config, workload, world))] as const];
    }),
  );
}

/**
 * What a real istiod makes of the same, reduced in the same way. Throws a `CompileError` where our compiler refuses the
 * files, and whatever keeps istiod from answering.
 */
export async function istiodAnswer(
  files: SourceFile[],
  world: World,
  environment: Record<string, string | undefined>,
): Promise<Answer> {
  const { proxies } = compile(files, world, paths);
  const dumps = await askIstiod(files, world, environment);
  return new Map(
    world.workloads.flatMap((workload) => {
      const ours = proxies.get(workload.name);
      const dump = dumps.get(workload.name);
      if (ours === undefined || dump === undefined) return [];
      return [[workload.name, reduceProxy(fromIstiod(dump.configs, { workload, world, ours }))] as const];
    }),
  );
}
