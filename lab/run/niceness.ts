import { existsSync, writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/**
 * How far a system under measurement gives way to what measures it, as `nice` counts: with nine tenths less weight it
 * still has every cycle that nobody else wants.
 */
export const measuredNiceness = 10;

/**
 * Has a process that has only just been started, and all that it starts, give way to others by `niceness` (0 to 19).
 * On Linux each session is scheduled as one group, within which alone nice values count: the group gets the value too
 * (sched(7), "The autogroup feature").
 */
export function giveWay(pid: number, niceness: number): void {
  try {
    setPriority(pid, niceness);
    const group = `/proc/${String(pid)}/autogroup`;
    if (existsSync(group)) writeFileSync(group, String(niceness));
  } catch (error) {
    // One that ended at once is reported by whoever started it.
    if (!["ESRCH", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
