import { readFileSync } from "node:fs";

import { Failure } from "../../run/failure";
import { isAlive } from "../../run/process";
import { type Supervised } from "../../run/supervised";
import { type Disturbed, type Evidence, platformNames, type Victim } from "./disturbance";
import { type Host } from "./host";

type Target = { victim: Victim; replica?: number };

/** The processes that a disturbance is about: all of a service, or one of them. */
export function processesOf(host: Host, { victim, replica }: Target): Supervised[] {
  const own = platformNames[victim];
  const names =
    own === undefined
      ? host.replicas
          .list(victim)
          .map(({ name }) => name)
          .filter((_, index) => replica === undefined || index + 1 === replica)
      : [own];
  const found = names.flatMap((name) => host.runner.processes.find(name) ?? []);
  if (found.length > 0) return found;
  throw new Failure(
    "experiment.no_process",
    `no process of ${victim}${replica === undefined ? "" : ` with number ${String(replica)}`} runs here`,
    { fix: "see ./symphony status" },
  );
}

const namesOf = (processes: readonly Supervised[]): string => processes.map(({ name }) => name).join(", ");
const nothing = (): Promise<void> => Promise.resolve();

/** SIGKILL. Seen once the process is another one, or gone. */
export function kill(host: Host, target: Target): Disturbed {
  const victims = processesOf(host, target).map((process) => ({ process, pid: process.pid }));
  for (const { process } of victims) process.signal("SIGKILL");
  return {
    detail: `killed ${namesOf(victims.map(({ process }) => process))}`,
    observe: () => {
      const gone = victims.filter(({ process, pid }) => process.pid !== pid || pid === undefined);
      return Promise.resolve({
        seen: gone.length === victims.length,
        detail: `${String(gone.length)} of ${String(victims.length)} processes ended`,
        of: victims.length,
        hit: gone.length,
      });
    },
    heal: nothing,
  };
}

/** Killed and kept down. */
export async function hold(host: Host, target: Target): Promise<Disturbed> {
  const victims = processesOf(host, target);
  await Promise.all(victims.map((process) => process.hold()));
  return {
    detail: `stopped ${namesOf(victims)}`,
    observe: () => {
      const down = victims.filter(({ pid }) => pid === undefined).length;
      return Promise.resolve({
        seen: down === victims.length,
        detail: `${String(down)} of ${String(victims.length)} processes are down`,
        of: victims.length,
        hit: down,
      });
    },
    heal: async () => {
      await Promise.all(victims.map((process) => process.release()));
    },
  };
}

/** SIGSTOP for the process and what it started. */
export function pause(host: Host, target: Target): Disturbed {
  const victims = processesOf(host, target);
  const paused = victims.flatMap(({ pid }) => (pid === undefined ? [] : [pid, ...childrenOf(pid)]));
  for (const pid of paused) process.kill(pid, "SIGSTOP");
  return {
    detail: `paused ${namesOf(victims)}`,
    observe: () => Promise.resolve(describePaused(paused)),
    heal: () => {
      for (const pid of paused.filter(isAlive)) process.kill(pid, "SIGCONT");
      return Promise.resolve();
    },
  };
}

function describePaused(pids: readonly number[]): Evidence {
  const states = pids.map(stateOf);
  const stopped = states.filter((state) => state === "T").length;
  return {
    seen: stopped === pids.length && pids.length > 0,
    detail: `${String(stopped)} of ${String(pids.length)} processes are stopped by a signal`,
    of: pids.length,
    hit: stopped,
  };
}

/** Postgres gives each connection a process, in a process group of its own. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

/** `T` for one that is stopped by a signal; see proc(5). */
function stateOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2, text.lastIndexOf(")") + 3);
  } catch {
    return undefined;
  }
}
