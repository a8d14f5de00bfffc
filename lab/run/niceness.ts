import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * How far a system under measurement gives way to what measures it, as `nice` counts: with nine tenths less weight it
 * still has every cycle that nobody else wants.
 */
export const measuredNiceness = 10;

/** As far ahead of others as what is measured lies behind where it gives way. */
const measuringNiceness = -measuredNiceness;

/**
 * Has a process that has only just been started, and all that it starts, give way to others by `niceness` (0 to 19).
 * Nothing happens where it has ended already.
 */
export function giveWay(pid: number, niceness: number): void {
  rank(pid, niceness, ["ESRCH", "ENOENT"]);
}

/**
 * Puts a process that measures what it did not start, this one unless given, ahead of others. Only a privileged one may
 * do that: for others nothing happens, and a load that lags is told by its own lag. What it returns takes it back, which
 * a session that goes on after the process needs.
 */
export function goAhead(pid: number = process.pid): () => void {
  const refused = ["EACCES", "EPERM"];
  const before = { process: getPriority(pid), group: readGroup(groupOf(pid)) };
  rank(pid, measuringNiceness, refused);
  return () => {
    rank(pid, before.process, refused, before.group);
  };
}

function rank(pid: number, niceness: number, expected: readonly string[], group = niceness): void {
  try {
    setPriority(pid, niceness);
    rankGroup(groupOf(pid), group);
  } catch (error) {
    if (!expected.includes(reasonOf(error))) throw error;
  }
}

/**
 * On Linux each session is scheduled as one group, within which alone nice values count: the group gets the value too
 * (sched(7), "The autogroup feature").
 */
const groupOf = (pid: number): string => `/proc/${String(pid)}/autogroup`;

/** Ranks a process's group, where it is in one. */
export function rankGroup(file: string, niceness: number): void {
  if (readGroup(file) !== undefined) writeFileSync(file, String(niceness));
}

/**
 * The niceness of a process's group. A process whose session is as old as the system is in none: its file is empty, and
 * refuses to be written.
 */
function readGroup(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const found = / nice (-?\d+)/.exec(readFileSync(file, "utf8"));
  return found === null ? undefined : Number(found[1]);
}

/** Of a system error of node:os the system's own code is in `info`. */
function reasonOf(error: unknown): string {
  const { code, info } = error as NodeJS.ErrnoException & { info?: { code?: string } };
  return info?.code ?? code ?? "";
}
