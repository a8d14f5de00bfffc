import { readdirSync, readFileSync } from "node:fs";

/** Every process below `pid`, itself included, where /proc tells it. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of safely(() => readdirSync("/proc"), [])) {
    if (!/^\d+$/.test(name)) continue;
    const stat = safely(() => readFileSync(`/proc/${name}/stat`, "utf8"), "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree: number[] = [];
  const visit = (id: number): void => {
    tree.push(id);
    children.get(id)?.forEach(visit);
  };
  visit(pid);
  return tree;
}

/**
 * The memory of a process and all below it, in bytes, as PSS: a page that n processes share counts as one
 * n-th for each. Undefined where the kernel does not tell it.
 */
export function memoryOf(pid: number): number | undefined {
  let total: number | undefined;
  for (const id of processTree(pid)) {
    const rollup = safely(() => readFileSync(`/proc/${String(id)}/smaps_rollup`, "utf8"), "");
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
    if (kilobytes !== undefined) total = (total ?? 0) + Number(kilobytes) * 1024;
  }
  return total;
}

/** CPU time that a process and all below it have used, in milliseconds; undefined without /proc. */
export function cpuTimeOf(pid: number): number | undefined {
  let ticks: number | undefined;
  for (const id of processTree(pid)) {
    const stat = safely(() => readFileSync(`/proc/${String(id)}/stat`, "utf8"), "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields.length > 13) ticks = (ticks ?? 0) + Number(fields[11]) + Number(fields[12]);
  }
  // The kernel counts in hundredths of a second for every program, whatever its own clock.
  return ticks === undefined ? undefined : ticks * 10;
}

function safely<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
