import { requestLocal } from "../../lib/local-http";
import { Failure } from "../run/failure";
import { measuredNiceness } from "../run/niceness";
import { type Progress } from "../run/progress";
import { stateFolder } from "../run/project";
import { isRunning, type ProcessState, readState, requireRunning } from "../run/state";
import { startTemporaryStack } from "../run/temporary";
import { openLaptopSystem } from "../target/laptop";
import { openControl } from "../target/laptop-mesh";
import { type Ground } from "./ground";

/** Whether `./symphony up` runs on this state folder. */
export function isUp(state: string = stateFolder()): boolean {
  const content = readState(state);
  return content !== undefined && isRunning(content.runner);
}

/** The system that runs on this machine. Fails with the fix where none runs, or one without a mesh. */
export function openLaptopGround(state: string = stateFolder(), description?: string): Ground {
  const control = openControl(state);
  const { url } = requireRunning(state);
  const system = openLaptopSystem(state);
  let id = "";
  return {
    target: "laptop",
    state,
    description: description ?? `the system that runs at ${url}`,
    system,
    lacks: () => undefined,
    async begin(title, leaseMs) {
      ({ id } = await control.beginExperiment({ title, leaseMs }));
    },
    renew: () => control.renewExperiment({ id }),
    disturb: (disturbance) => control.disturb({ id, disturbance }),
    observe: (step) => control.observe({ id, step }),
    heal: (step) => control.heal({ id, step }),
    async end() {
      const { healed } = await control.endExperiment({ id });
      return healed;
    },
    async readiness() {
      const waiting = await notReady(requireRunning(state).processes);
      return {
        ready: waiting.length === 0,
        detail: waiting.length === 0 ? "every process is ready" : waiting.join(", "),
      };
    },
    activeFaults: async () => (await control.activeFaults()).map(({ name }) => name),
    readyReplicas: async (service) =>
      (await control.replicas({ workload: service })).filter(({ ready }) => ready).length,
    stats: (workload, filter) => control.stats({ workload, filter: filter.source }),
    close: () => system.close(),
  };
}

async function notReady(processes: readonly ProcessState[]): Promise<string[]> {
  const states = await Promise.all(
    processes.map(async ({ name, status, address }) => {
      if (status !== "ready") return `${name} is ${status}`;
      if (address === undefined) return undefined;
      const answer = await requestLocal(address, "/readyz").catch(() => undefined);
      return answer?.status === 200 ? undefined : `${name} is not ready`;
    }),
  );
  return states.filter((state) => state !== undefined);
}

/** A whole system of its own, for one run: its state lies in a temporary folder and goes with it. */
export async function startPrivateGround(options: {
  progress: Progress;
  signal: AbortSignal;
}): Promise<Ground> {
  const { stack, state, stop } = await startTemporaryStack({
    ...{ environment: process.env, niceness: measuredNiceness },
    ...options,
  });
  if (stack.mesh === undefined) throw new Failure("experiment.no_mesh", "the private system has no mesh");
  const ground = openLaptopGround(state, "a private system, started for this run");
  // Each, whatever became of the one before: nobody else would stop the system.
  return { ...ground, close: () => ground.close().finally(stop) };
}
