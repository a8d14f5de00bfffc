import { type Machine } from "../bench/machine";

/** What a run was made on and with, as rows of a table. */
export function machineRows(run: {
  seed: number;
  machine: Machine;
  versions: Record<string, string>;
}): string[][] {
  const { seed, machine, versions } = run;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    ["seed", String(seed)],
    ["CPU", `${machine.cpu}, ${String(machine.cores)} cores, ${String(machine.memoryGb)} GB`],
    [
      "disk",
      `4 KiB write with fsync: p50 ${String(machine.fsyncP50Ms)} ms, p99 ${String(machine.fsyncP99Ms)} ms`,
    ],
    ["versions", programs.join(", ")],
    ["git commit", machine.commit],
    ["kernel", machine.kernel],
  ];
}
