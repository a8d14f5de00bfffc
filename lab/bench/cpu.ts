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

/** CPU that each process used since `before`, in ms per unit of work. */
export function cpuPerUnit(stack: Stack, before: Map<string, number>, units: number): Map<string, number> {
  return new Map([...readCpu(stack)].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / units]));
}

/** The sum of those processes whose name is asked for. */
export function cpuOf(perUnit: ReadonlyMap<string, number>, isAsked: (name: string) => boolean): number {
  return [...perUnit].reduce((sum, [name, ms]) => sum + (isAsked(name) ? ms : 0), 0);
}

/** Of the system, not of what measures it. */
export function isOfSystem(name: string): boolean {
  return name !== "load generator";
}

export function isSidecar(name: string): boolean {
  return name === "ingress" || name.endsWith("-sidecar");
}
