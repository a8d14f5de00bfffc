import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

import { parse } from "yaml";

import type { MeshConfig, SourceFile } from "../compile/types";
import { Failure } from "../run/failure";
import { findProject } from "../run/project";

/** A path as people see it: from the repository's root where it lies in it. */
export function shownPath(path: string, project: string = findProject()): string {
  const near = relative(project, path);
  return near.startsWith("..") ? path : near;
}

/** The files that hold whenever the mesh runs: those of mesh/base, unless another folder is given. */
export async function readBase(folder: string): Promise<SourceFile[]> {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({
      path: shownPath(join(folder, name)),
      text: await readFile(join(folder, name), "utf8"),
    })),
  );
}

/** What Istio itself is told on a cluster: `meshConfig` of k8s/istio-values.yaml. */
export async function readMeshConfig(project: string): Promise<MeshConfig> {
  const path = "k8s/istio-values.yaml";
  const values = parse(await readFile(join(project, path), "utf8")) as { meshConfig?: MeshConfig } | null;
  if (values?.meshConfig === undefined) throw new Failure("mesh.no_config", `${path} has no meshConfig`);
  return values.meshConfig;
}
