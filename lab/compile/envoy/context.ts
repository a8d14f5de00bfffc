import { dirname } from "node:path";

import { type Origin } from "../model/common";
import { type Proxy } from "../model/proxy";
import { type CompileOptions, type Json, type Origin as ResourceOrigin } from "../types";

/** What every part of the translation needs: the proxy, where its files lie, and where origins are noted. */
export type Context = {
  proxy: Proxy;
  options: CompileOptions;
  origins: ResourceOrigin[];
  /** Patches that found their place, in this proxy or another. */
  applied: Set<string>;
};

/** Notes which YAML made a resource; nothing where none did. */
export function note({ origins }: Context, resource: string, origin: Origin | undefined): void {
  if (origin !== undefined) origins.push({ resource, ...origin });
}

/** Where Envoy reads a resource: a file that is replaced by renaming, which is seen by watching its folder. */
export function configSource(
  { proxy, options }: Context,
  kind: "rds" | "eds" | "sds",
  resource: string,
): Json {
  const path = options.path(proxy.workload.name, kind, resource);
  return {
    path_config_source: { path, watched_directory: { path: dirname(path) } },
    initial_fetch_timeout: "0s",
    resource_api_version: "V3",
  };
}
