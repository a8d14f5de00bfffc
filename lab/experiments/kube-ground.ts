import { type ServiceName } from "../../lib/events";
import { type Evidence } from "../mesh/disturb/disturbance";
import { Failure } from "../run/failure";
import { openKubeTarget } from "../target/kube";
import { createKubeFaults } from "../target/kube-faults";
import { readKubeStatus } from "../target/kube-status";
import { openKubeSystem } from "../target/kube-system";
import { type Kubectl, openKubectl } from "../target/kubectl";
import { podsOf } from "../target/pods";
import { type Ground } from "./ground";
import { createKubeDisturber, type KubeDisturbed } from "./kube-disturb";
import { lacking } from "./kube-lacks";
import { openKubeLease } from "./kube-lease";

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

  return {
    target: "kube",
    description: `the Symphony of kubectl's context ${kubectl.context}`,
    system,
    lacks: (kind) => lacking[kind],
    async begin(title, leaseMs) {
      const left = await lease.take(title, leaseMs);
      for (const disturbance of left) await disturb.healLeftOver(disturbance);
    },
    renew: () => lease.renew(),
    async disturb(disturbance) {
      last += 1;
      // Noted before it is done: whoever comes after a crash then knows of it.
      await lease.remember(last, disturbance);
      const done = await disturb.perform(disturbance);
      steps.set(last, done);
      return { step: last, detail: done.detail };
    },
    observe: (step) => observe(steps.get(step)),
    heal,
    async end() {
      const healed: string[] = [];
      for (const [step, { detail }] of [...steps].toReversed()) {
        await heal(step);
        healed.push(detail);
      }
      await lease.give();
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
      await faults.close();
      await system.close();
    },
  };
}

function observe(done: KubeDisturbed | undefined): Promise<Evidence> {
  if (done !== undefined) return done.observe();
  return Promise.reject(new Failure("experiment.no_step", "this step is healed already"));
}

async function readyReplicas(kubectl: Kubectl, service: ServiceName): Promise<number> {
  return (await podsOf(kubectl, service)).filter(({ ready }) => ready).length;
}
