import { cpuTimeOf } from "../run/memory";
import { type Stack } from "../run/stack";

/** CPU time used so far by each process, by name, in ms; `load generator` is this process. */
export function readCpu(stack: Stack): Map<string, number> {
  const own = process.cpuUsage();
  const used = new Map([["load generator", (own.user + own.system) / 1000]]);
  for (const { name, pid } of stack.processes) {
    if (pid !== undefined) used.set(name, cpuTimeOf(pid) ?? 0);
  }
  return used;
}
