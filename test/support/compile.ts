import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { parse } from "yaml";

import { type CompileOptions, type MeshConfig, type SourceFile } from "../../lab/compile/types";
import { projectRoot } from "../../lib/paths";

/** Paths as they stand in goldens: the same on every machine. */
export const goldenPaths: CompileOptions = {
  path: (proxy, kind, resource) => `/run/${proxy}/${resource === undefined ? kind : `${kind}/${resource}`}`,
};

/** The YAML files of a folder, or one file, named from the repository's root. */
export function readSources(path: string): SourceFile[] {
  if (path.endsWith(".yaml")) return [{ path, text: readFileSync(join(projectRoot, path), "utf8") }];
  return readdirSync(join(projectRoot, path))
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => readSources(`${path}/${name}`));
}

/** meshConfig as the cluster is installed with. */
export function readMeshConfig(): MeshConfig {
  const values = parse(readFileSync(join(projectRoot, "k8s", "istio-values.yaml"), "utf8")) as {
    meshConfig: MeshConfig;
  };
  return values.meshConfig;
}
