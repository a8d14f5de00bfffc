import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { Failure } from "./failure";
import { giveWay } from "./niceness";

export type Command = {
  file: string;
  args: string[];
  env: Record<string, string | undefined>;
  /** The user that the process runs as, where it differs from this one. */
  user?: { uid: number; gid: number };
  cwd?: string;
};

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/**
 * Starts `command`. `detached` gives it a process group of its own, so that Ctrl-C in the terminal reaches
 * only its parent, which then stops everything in order. `output` is the descriptor of a file that takes
 * both streams; without it they are pipes. `niceness` is how much further it gives way to other
 * processes than this one does.
 */
export function start(
  command: Command,
  options: { detached: boolean; output?: number; niceness?: number },
): ChildProcess {
  const output = options.output ?? "pipe";
  const child = spawn(command.file, command.args, {
    env: command.env,
    cwd: command.cwd,
    detached: options.detached,
    stdio: ["ignore", output, output],
    ...command.user,
  });
  const { niceness = 0 } = options;
  if (niceness !== 0 && child.pid !== undefined) giveWay(child.pid, niceness);
  return child;
}

/** Resolves when `child` has ended; a program that cannot be started at all rejects. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve({ code: child.exitCode, signal: child.signalCode });
  }
  return new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => {
      resolve({ code, signal });
    });
    child.once("error", reject);
  });
}

/** Asks `child` to stop with `signal` and kills it after `graceMs`. Resolves once it is gone. */
export async function stop(child: ChildProcess, signal: NodeJS.Signals, graceMs: number): Promise<Exit> {
  const exit = exitOf(child);
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
  try {
    return await exit;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `command` to its end and returns its output; both streams in one string. */
export async function run(command: Command): Promise<Exit & { output: string }> {
  const child = start(command, { detached: false });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      resolve({ code, signal, output });
    });
  });
}

/**
 * Whether a process with this id runs, whoever owns it. One that has ended and that nobody has waited for,
 * which happens to orphans in a container without an init, does not.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return statOf(pid)?.[0] !== "Z";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * When a process started, in clock ticks since boot or as `ps` tells it: with its id it names one process for
 * good, because ids are used again. Undefined where there is no such process.
 */
export function startTimeOf(pid: number): string | undefined {
  const stat = statOf(pid);
  if (stat === undefined) return process.platform === "linux" ? undefined : startTimeFromPs(pid);
  return stat[0] === "Z" ? undefined : stat[19];
}

/** The fields of /proc/<pid>/stat from the third on: state, ..., start time (field 22). */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    // The second field is the program's name in brackets and may hold spaces.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function startTimeFromPs(pid: number): string | undefined {
  const found = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" });
  return found.status === 0 && found.stdout.trim() !== "" ? found.stdout.trim() : undefined;
}

/** The command line of a process, where /proc tells it. */
export function commandLineOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, "utf8")
      .replaceAll("\0", " ")
      .trim();
  } catch {
    return undefined;
  }
}

/**
 * Calls `probe` until it succeeds. Fails with its last error after `timeoutMs`, and at once where it throws a
 * `Failure`, which no waiting helps, or where `ended` tells an error.
 */
export async function untilReady(options: {
  probe: () => Promise<void>;
  timeoutMs: number;
  intervalMs?: number;
  /** Something to give up for at once, such as the process that is waited for having ended. */
  ended?: () => Error | undefined;
}): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (;;) {
    const problem = await options.probe().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (problem === undefined) return;
    if (problem instanceof Failure) throw problem;
    const end = options.ended?.();
    if (end !== undefined) throw end;
    if (Date.now() > deadline) throw problem instanceof Error ? problem : new Error(String(problem));
    await new Promise((resolve) => setTimeout(resolve, options.intervalMs ?? 50));
  }
}
