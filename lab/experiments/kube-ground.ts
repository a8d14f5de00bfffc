import { type ServiceName } from "../../lib/events";
import { type Evidence } from "../mesh/disturb/disturbance";
import { Failure } from "../run/failure";
import { goAhead } from "../run/niceness";
import { openKubeTarget } from "../target/kube";
import { createKubeFaults } from "../target/kube-faults";
import { readKubeStatus } from "../target/kube-status";
import { openKubeSystem } from "../target/kube-system";
import { type Kubectl, openKubectl } from "../target/kubectl";
import { podsOf } from "../target/pods";
import { type Ground } from "./ground";
import { createKubeDisturber, type KubeDisturbed } from "./kube-disturb";
import { lackOf } from "./kube-lacks";
import { openKubeLease } from "./kube-lease";
import { leftOverOf } from "./kube-left-over";

/** The Symphony of kubectl's current context. */
export async function openKubeGround(): Promise<Ground> {
  const system = await openKubeSystem({ changes: true });
  const kubectl = await openKubectl();
  const target = await openKubeTarget({ kubectl });
  const faults = createKubeFaults(kubectl, target);
  const disturb = createKubeDisturber({ kubectl, target, faults });
  const lease = openKubeLease(kubectl);
  const steps = new Map<number, KubeDisturbed>();
  let last = 0;

  async function heal(step: number): Promise<void> {
    await steps.get(step)?.heal();
    steps.delete(step);
    await lease.forget(step);
  }

  // A kind cluster's pods have the same CPU as the load, which must be sent in time.
  const fallBack = goAhead();

  return {
    target: "kube",
    description: `the Symphony of kubectl's context ${kubectl.context}`,
    system,
    lacks: lackOf,
    async begin(title, leaseMs) {
      for (const { step, left } of await lease.take(title, leaseMs)) {
        await disturb.healLeftOver(left);
        await lease.forget(step);
      }
    },
    renew: () => lease.renew(),
    async disturb(disturbance) {
      last += 1;
      const step = last;
      const what = await leftOverOf(kubectl, disturbance);
      // Noted before it is done: whoever comes after a crash then knows of it.
      await lease.remember(step, what);
      const done = await disturb.perform(what).catch(async (error: unknown) => {
        // Half of it may be done.
        steps.set(
          step,
          halfDone(disturbance.kind, () => disturb.healLeftOver(what)),
        );
        await heal(step);
        throw error;
      });
      steps.set(step, done);
      return { step, detail: done.detail };
    },
    observe: (step) => observe(steps.get(step)),
    heal,
    async end() {
      const healed: string[] = [];
      const failed: string[] = [];
      for (const [step, { detail }] of [...steps].toReversed())
        await heal(step).then(
          () => healed.push(detail),
          (error: unknown) =>
            failed.push(`${detail}: ${error instanceof Error ? error.message : String(error)}`),
        );
      // What is not healed stays written down: the next experiment heals it first.
      if (failed.length === 0) await lease.give();
      else
        throw new Failure("experiment.not_healed", `could not be healed: ${failed.join("; ")}`, {
          fix: "run any experiment once more: it heals that first",
        });
      return healed;
    },
    async readiness() {
      const status = await readKubeStatus(kubectl);
      const waiting = status.pods
        .filter((pod) => !pod.ready)
        .map(({ name, status: state }) => `${name} is ${state}`);
      const missing = status.missing.map((name) => `${name} has no pod`);
      const detail = [...waiting, ...missing].join(", ");
      return { ready: status.ready, detail: detail === "" ? "every pod is ready" : detail };
    },
    activeFaults: async () => (await faults.active()).map(({ name }) => name),
    readyReplicas: (service) => readyReplicas(kubectl, service),
    stats: (workload, filter) => target.stats(workload, filter),
    async close() {
      fallBack();
      await faults.close();
      await system.close();
    },
  };
}

function halfDone(kind: string, heal: () => Promise<void>): KubeDisturbed {
  const detail = `a ${kind} that could not be carried out`;
  return { detail, heal, observe: () => Promise.resolve({ seen: false, detail }) };
}

function observe(done: KubeDisturbed | undefined): Promise<Evidence> {
  if (done !== undefined) return done.observe();
  return Promise.reject(new Failure("experiment.no_step", "this step is healed already"));
}

async function readyReplicas(kubectl: Kubectl, service: ServiceName): Promise<number> {
  return (await podsOf(kubectl, service)).filter(({ ready }) => ready).length;
}
