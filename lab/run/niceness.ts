import { existsSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

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
 * do that: for others nothing happens, and a load that lags is told by its own lag.
 */
export function goAhead(pid: number = process.pid): void {
  rank(pid, measuringNiceness, ["EACCES", "EPERM"]);
}

/**
 * On Linux each session is scheduled as one group, within which alone nice values count: the group gets the value too
 * (sched(7), "The autogroup feature").
 */
function rank(pid: number, niceness: number, expected: readonly string[]): void {
  try {
    setPriority(pid, niceness);
    const group = `/proc/${String(pid)}/autogroup`;
    if (existsSync(group)) writeFileSync(group, String(niceness));
  } catch (error) {
    if (!expected.includes(reasonOf(error))) throw error;
  }
}

/** Of a system error of node:os the system's own code is in `info`. */
function reasonOf(error: unknown): string {
  const { code, info } = error as NodeJS.ErrnoException & { info?: { code?: string } };
  return info?.code ?? code ?? "";
}
