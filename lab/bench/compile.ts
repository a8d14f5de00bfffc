import { compile } from "../compile/compile";
import { planWorld } from "../compile/default-world";
import { median } from "../load/percentiles";
import { readMeshConfig, readSources } from "../mesh/sources";
import { goalRow, inMs, type Row } from "./report";

const rounds = 30;
const goalMs = 100;

/** How long all of mesh/base takes for all proxies: the first time, with the schemas to load, and then. */
export function benchCompile(): Promise<Row[]> {
  const files = readSources("mesh/base");
  const world = planWorld({ meshConfig: readMeshConfig() });
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    compile(files, world, { path: (...parts) => `/${parts.join("/")}` });
    return performance.now() - start;
  });
  const [first = 0, ...later] = times;
  return Promise.resolve([
    { name: "first compilation", value: inMs(first) },
    goalRow("compilation of mesh/base, median", median(later), { atMost: goalMs }, inMs),
    { name: "slowest after the first", value: inMs(Math.max(...later)) },
    { name: "proxies", value: String(world.workloads.length) },
  ]);
}
