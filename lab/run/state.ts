import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { serviceNames } from "../../lib/events";
import { Failure, fromDiskError } from "./failure";
import { isAlive, startTimeOf } from "./process";

const processId = z.object({
  pid: z.int().positive(),
  /** Undefined where the platform does not tell it. */
  startTime: z.string().optional(),
});
/** One process for good: a process id alone is used again. */
export type ProcessId = z.infer<typeof processId>;

const runState = z.object({
  version: z.literal(1),
  phase: z.enum(["starting", "running", "stopping"]),
  runner: processId,
  startedAt: z.iso.datetime(),
  /** The gateway, the one way in. */
  url: z.url(),
  databaseUrls: z.partialRecord(z.enum(serviceNames), z.string()),
  superuserUrl: z.string().optional(),
  natsUrl: z.string().optional(),
  /** Where traces are kept, and asked for; undefined where none are recorded. */
  telemetryUrl: z.url().optional(),
  /** The socket that the runner of a mesh takes commands at. */
  control: z.string().optional(),
  processes: z.array(
    processId.partial().extend({
      name: z.string(),
      kind: z.enum(["service", "sidecar", "nats", "postgres", "telemetry"]),
      service: z.enum(serviceNames).optional(),
      status: z.enum(["starting", "ready", "restarting", "stopped"]),
      restarts: z.int().nonnegative(),
      since: z.iso.datetime(),
      /** Where a service listens. */
      address: z
        .union([z.object({ host: z.string(), port: z.number() }), z.object({ pipe: z.string() })])
        .optional(),
      /** Of a service without a sidecar, or the admin page of a sidecar. */
      url: z.string().optional(),
    }),
  ),
});
/** What a running system says about itself, for every other command; in `.symphony/run/state.json`. */
export type RunState = z.infer<typeof runState>;
export type ProcessState = RunState["processes"][number];

const stateFile = (state: string): string => join(state, "run/state.json");
const lockFile = (state: string): string => join(state, "run/lock");

export function identify(pid: number): ProcessId {
  const startTime = startTimeOf(pid);
  return startTime === undefined ? { pid } : { pid, startTime };
}

/** Whether this very process still runs, and not another that got its id. */
export function isRunning(id: ProcessId): boolean {
  if (!isAlive(id.pid)) return false;
  const startTime = startTimeOf(id.pid);
  return id.startTime === undefined ? startTime !== undefined : startTime === id.startTime;
}

/** Replaces the file at once, so that a reader never sees half of it. It holds passwords. */
export function writeState(state: string, content: RunState): void {
  const file = stateFile(state);
  try {
    mkdirSync(join(state, "run"), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(content, null, 2), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw fromDiskError(error, file);
  }
}

/** The last state written, whether or not its processes still run; undefined where there is none. */
export function readState(state: string): RunState | undefined {
  try {
    return runState.safeParse(JSON.parse(readFileSync(stateFile(state), "utf8"))).data;
  } catch {
    return undefined;
  }
}

export function removeState(state: string): void {
  rmSync(stateFile(state), { force: true });
  rmSync(lockFile(state), { force: true });
}

/** The state of the running system. Fails with the fix where nothing runs. */
export function requireRunning(state: string): RunState {
  const content = readState(state);
  if (content === undefined || !isRunning(content.runner)) {
    throw new Failure("run.not_running", "Symphony is not running", { fix: "start it with npm start" });
  }
  if (content.phase === "starting") {
    throw new Failure("run.starting", "Symphony is still starting", { fix: "try again in some seconds" });
  }
  return content;
}

/**
 * Takes the lock of the state folder for this process. Returns the processes that a dead run left, for the
 * caller to stop; fails with the fix while another run holds it.
 */
export async function takeLock(state: string): Promise<{ stale: ProcessState[] | undefined }> {
  const owner = readOwner(state);
  if (owner !== undefined && isRunning(owner)) {
    throw new Failure("run.already_running", `Symphony is already running (process ${String(owner.pid)})`, {
      fix: "use it, or stop it with ./symphony down",
    });
  }
  const stale = owner === undefined ? undefined : (readState(state)?.processes ?? []);
  if (owner !== undefined) rmSync(lockFile(state), { force: true });
  try {
    mkdirSync(join(state, "run"), { recursive: true });
    // `wx` fails where the file exists: of two that start at the same time, one wins.
    const file = await open(lockFile(state), "wx", 0o600);
    await file.writeFile(JSON.stringify(identify(process.pid)));
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw fromDiskError(error, lockFile(state));
    throw new Failure("run.already_running", "Symphony is being started by somebody else", {
      fix: "use that one, or stop it with ./symphony down",
    });
  }
  return { stale };
}

function readOwner(state: string): ProcessId | undefined {
  try {
    return processId.safeParse(JSON.parse(readFileSync(lockFile(state), "utf8"))).data ?? { pid: 2 ** 30 };
  } catch (error) {
    // A lock that holds no process id was cut short by a crash: nobody has that one.
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : { pid: 2 ** 30 };
  }
}
