import { type CompileOptions } from "../../lab/compile/types";

/** Paths as they stand in goldens: the same on every machine. */
export const goldenPaths: CompileOptions = {
  path: (proxy, kind, resource) => `/run/${proxy}/${resource === undefined ? kind : `${kind}/${resource}`}`,
};
