import { untilReady } from "./process";
import { isRunning, type ProcessId, type ProcessState, readState, removeState } from "./state";

/**
 * Stops processes that a dead run left behind, services first, and returns their names. A process id that
 * belongs to another program by now is left alone.
 */
export async function stopLeftovers(processes: ProcessState[]): Promise<string[]> {
  const alive = processes.filter((entry) => isRunning(asId(entry)));
  const services = alive.filter(({ kind }) => kind === "service");
  const sidecars = alive.filter(({ kind }) => kind === "sidecar");
  await stopAll(services);
  await stopAll(sidecars);
  // Whatever else there is, they stood on it.
  await stopAll(alive.filter((entry) => !services.includes(entry) && !sidecars.includes(entry)));
  return alive.map((entry) => entry.name);
}

/** Cleans up after a run that died. Returns what it stopped, or undefined where no run had died. */
export async function cleanUpDeadRun(state: string): Promise<string[] | undefined> {
  const content = readState(state);
  if (content === undefined || isRunning(content.runner)) return undefined;
  const stopped = await stopLeftovers(content.processes);
  removeState(state);
  return stopped;
}

const asId = (entry: ProcessState): ProcessId => ({ pid: entry.pid ?? 2 ** 30, startTime: entry.startTime });

async function stopAll(entries: ProcessState[]): Promise<void> {
  // For Postgres SIGINT means: end the sessions, write everything, and stop.
  for (const entry of entries) signal(entry, entry.kind === "postgres" ? "SIGINT" : "SIGTERM");
  await untilReady({
    probe: async () => {
      if (entries.some((entry) => isRunning(asId(entry)))) throw new Error("still running");
      return Promise.resolve();
    },
    timeoutMs: 10_000,
  }).catch(() => {
    for (const entry of entries) signal(entry, "SIGKILL");
  });
}

function signal(entry: ProcessState, name: NodeJS.Signals): void {
  try {
    if (entry.pid !== undefined && isRunning(asId(entry))) process.kill(entry.pid, name);
  } catch {
    // It ended in between.
  }
}
