import { readFileSync } from "node:fs";

import { findIstiod } from "./find";

/** The module that istiod was built from, as Go writes it into every program: `v0.0.0-20260827124520-eed52ebb66ad`. */
export function istiodVersion(environment: Record<string, string | undefined>): string {
  const program = readFileSync(findIstiod(environment));
  for (const line of ["dep\tistio.io/istio\t", "mod\tistio.io/istio\t"]) {
    const start = program.indexOf(line);
    if (start < 0) continue;
    const text = program.subarray(start + line.length, start + line.length + 100).toString("latin1");
    return text.split(/[\t\n]/)[0] ?? "unknown";
  }
  return "unknown";
}
