import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { parse } from "yaml";

import type { MeshConfig, SourceFile } from "../compile/types";
import { Failure } from "../run/failure";
import { findProject } from "../run/project";

/** A path as people see it: from the repository's root where it lies in it. */
export function shownPath(path: string, project: string = findProject()): string {
  const near = relative(project, path);
  return near.startsWith("..") ? path : near;
}

/**
 * The YAML files of a folder, by name, or one file. `path` leads there from `root`, or is absolute; the files are shown
 * as it names them.
 */
export function readSources(path: string, root: string = findProject()): SourceFile[] {
  const place = resolve(root, path);
  if (!statSync(place).isDirectory()) return [{ path, text: readFileSync(place, "utf8") }];
  return readdirSync(place)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .flatMap((name) => readSources(join(path, name), root));
}

/** What Istio itself is told on a cluster: `meshConfig` of k8s/istio-values.yaml. */
export function readMeshConfig(root: string = findProject()): MeshConfig {
  const path = "k8s/istio-values.yaml";
  const values = parse(readFileSync(join(root, path), "utf8")) as { meshConfig?: MeshConfig } | null;
  if (values?.meshConfig === undefined) throw new Failure("mesh.no_config", `${path} has no meshConfig`);
  return values.meshConfig;
}
