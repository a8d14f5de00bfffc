import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * How far a system under measurement gives way to what measures it, as `nice` counts: with nine tenths less weight it
 * still has every cycle that nobody else wants.
 */
export const measuredNiceness = 10;

/** As far ahead of others as what is measured lies behind where it gives way. */
const measuringNiceness = -measuredNiceness;

/** The furthest that a process can give way, and go ahead. */
const limits = { most: 19, least: -20 };

/**
 * By how much more a process gives way that is to get `share` (0 to 1) of the CPU of another, where both want all of it:
 * each step of nice values is worth a factor of 1.25 (Linux, sched_prio_to_weight).
 */
export function nicenessFor(share: number): number {
  return Math.round(Math.log(1 / share) / Math.log(1.25));
}

/**
 * Has a process that has only just been started, and all that it starts, give way to others by `niceness` more than it
 * does. Nothing happens where it has ended already.
 */
export function giveWay(pid: number, niceness: number): void {
  unless(["ESRCH", "ENOENT"], () => {
    setRank(pid, shifted(rankOf(pid), niceness));
  });
}

/**
 * Puts a process that measures what it did not start, this one unless given, ahead of others. Only a privileged one may
 * do that: for others nothing happens, and a load that lags is told by its own lag. What it returns takes it back, which
 * a session that goes on after the process needs.
 */
export function goAhead(pid: number = process.pid): () => void {
  const before = rankOf(pid);
  const set = (rank: Rank): void => {
    unless(["EACCES", "EPERM"], () => {
      setRank(pid, rank);
    });
  };
  set(shifted(before, measuringNiceness));
  return () => {
    set(before);
  };
}

/**
 * Nice values of a process and of its group: on Linux each session is scheduled as one group, within which alone the
 * values of processes count (sched(7), "The autogroup feature").
 */
type Rank = { own: number; group: number | undefined };

const groupFile = (pid: number): string => `/proc/${String(pid)}/autogroup`;

function rankOf(pid: number): Rank {
  return { own: getPriority(pid), group: readGroup(groupFile(pid)) };
}

function shifted({ own, group }: Rank, by: number): Rank {
  const shift = (value: number): number => Math.max(limits.least, Math.min(value + by, limits.most));
  return { own: shift(own), group: group === undefined ? undefined : shift(group) };
}

function setRank(pid: number, { own, group }: Rank): void {
  setPriority(pid, own);
  if (group !== undefined) writeFileSync(groupFile(pid), String(group));
}

/**
 * The nice value of a process's group. A process whose session is as old as the system is in none: its file is empty,
 * and refuses to be written.
 */
export function readGroup(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const found = / nice (-?\d+)/.exec(readFileSync(file, "utf8"));
  return found === null ? undefined : Number(found[1]);
}

function unless(expected: readonly string[], work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!expected.includes(reasonOf(error))) throw error;
  }
}

/** Of a system error of node:os the system's own code is in `info`. */
function reasonOf(error: unknown): string {
  const { code, info } = error as NodeJS.ErrnoException & { info?: { code?: string } };
  return info?.code ?? code ?? "";
}
