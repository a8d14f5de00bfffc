import { patchKey } from "./envoy/patch";
import { type OwnedPatch, type Proxy } from "./model/proxy";
import { type Json, type Problem, type ProxyConfig } from "./types";

/** Patches that fit nowhere. On a cluster they do nothing, without a word. */
export function misplacedPatches(
  proxies: Proxy[],
  applied: Set<string>,
  configs: Map<string, ProxyConfig>,
): Problem[] {
  const problems = new Map<string, Problem>();
  for (const { patches, workload } of proxies)
    for (const patch of patches.filter(
      (one) => !applied.has(patchKey(one)) && !problems.has(patchKey(one)),
    )) {
      const names = [...namesIn(configs.get(workload.name)?.listeners ?? [])].sort();
      problems.set(patchKey(patch), {
        ...patch.origin,
        column: 1,
        field: "spec.configPatches",
        message: `nothing at ${workload.name} fits ${describe(patch)}; filters there: ${names.join(", ")}`,
      });
    }
  return [...problems.values()];
}

function describe({ context, listener, filter, subFilter }: OwnedPatch): string {
  return [context, listener.name, listener.port, filter, subFilter]
    .filter((part) => part !== undefined)
    .join(" / ");
}

/** Names of filters: of whatever has a typed configuration. */
function namesIn(value: Json, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) namesIn(item, found);
  else if (typeof value === "object" && value !== null) {
    if (typeof value.name === "string" && "typed_config" in value && value.name.includes(".filters."))
      found.add(value.name);
    for (const field of Object.values(value)) namesIn(field, found);
  }
  return found;
}
