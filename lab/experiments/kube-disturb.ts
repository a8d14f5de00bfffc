import { type ServiceName } from "../../lib/events";
import { type Disturbance, type Disturbed, platformNames, type Victim } from "../mesh/disturb/disturbance";
import { faultEvidence, faultInForce, watchRule } from "../mesh/disturb/evidence";
import { Failure } from "../run/failure";
import { type Faults } from "../target/fault-control";
import { findFault } from "../target/faults";
import { type Kubectl, namespaces } from "../target/kubectl";
import { type Pod, podsOf, podsWith } from "../target/pods";
import { type MeshTarget } from "../target/target";
import { lackingFailure, lackOf } from "./kube-lacks";
import { addedBy, type LeftOver } from "./kube-left-over";

export type KubeDisturbed = Disturbed;
type Deps = { kubectl: Kubectl; target: MeshTarget; faults: Faults };
type Rule = Extract<Disturbance, { kind: "rule" }>;

export type KubeDisturber = {
  perform(what: LeftOver): Promise<KubeDisturbed>;
  /** Undoes what a run that died has left, from nothing but what it was. */
  healLeftOver(left: LeftOver): Promise<void>;
};

const nothing = (): Promise<void> => Promise.resolve();

/** What an experiment can do to a cluster, through kubectl and the sidecars. */
export function createKubeDisturber(deps: Deps): KubeDisturber {
  return {
    async perform(what) {
      const { disturbance } = what;
      const { kind } = disturbance;
      if (lackOf(disturbance) !== undefined) throw lackingFailure(disturbance);
      if (kind === "fault") return applyFault(deps, disturbance.name);
      if (kind === "rule") return applyRule(deps, disturbance, what.covered ?? "");
      if (kind === "kill") return kill(deps, disturbance);
      if (kind === "hold") return scale(deps, serviceOf(disturbance.victim), { ...what, wanted: 0 });
      if (kind === "roll") return roll(deps, { ...disturbance, victim: serviceOf(disturbance.victim) });
      if (kind === "scale")
        return scale(deps, disturbance.service, { ...what, wanted: disturbance.replicas });
      throw lackingFailure(disturbance);
    },
    async healLeftOver({ disturbance, replicas, covered = "" }) {
      if (disturbance.kind === "fault") await deps.faults.clear(await findFault(disturbance.name));
      if (disturbance.kind === "rule") await uncover(deps, disturbance.text, covered);
      const service = "service" in disturbance ? disturbance.service : undefined;
      const victim = disturbance.kind === "hold" ? serviceOf(disturbance.victim) : service;
      if (victim !== undefined && replicas !== undefined) await deps.target.scale(victim, replicas);
    },
  };
}

/** Takes a rule back: what it added goes, and what it replaced is as it was. */
async function uncover({ target }: Deps, text: string, covered: string): Promise<void> {
  const added = addedBy(text, covered);
  if (added !== "") await target.remove({ yaml: added });
  if (covered !== "") await target.apply({ yaml: covered });
}

function serviceOf(victim: Victim): ServiceName {
  if (victim !== "broker" && victim !== "database") return victim;
  throw lackingFailure({ kind: "hold", victim });
}

async function applyFault({ faults }: Deps, name: string): Promise<KubeDisturbed> {
  const fault = await findFault(name);
  const { replica } = await faults.apply(fault);
  return {
    detail: faultInForce(name, replica),
    observe: async () => faultEvidence(name, (await faults.status({ name }))[0]),
    heal: () => faults.clear(fault),
  };
}

async function applyRule(deps: Deps, rule: Rule, covered: string): Promise<KubeDisturbed> {
  const { target } = deps;
  const observe = await watchRule(rule, (service, pattern) =>
    target.stats(service as ServiceName, new RegExp(pattern)),
  );
  await target.apply({ yaml: rule.text });
  return { detail: `${rule.path} in force`, observe, heal: () => uncover(deps, rule.text, covered) };
}

function victimsOf({ kubectl }: Deps, victim: Victim): Promise<Pod[]> {
  const own = platformNames[victim];
  return own === undefined
    ? podsOf(kubectl, victim)
    : podsWith(kubectl, namespaces.platform, `app.kubernetes.io/name=${own}`);
}

/** Deletes pods by force: kill -9 for all that is in them. */
async function kill(
  deps: Deps,
  { victim, replica }: { victim: Victim; replica?: number },
): Promise<KubeDisturbed> {
  const pods = (await victimsOf(deps, victim)).filter(
    (_, index) => replica === undefined || index + 1 === replica,
  );
  if (pods.length === 0)
    throw new Failure("experiment.no_pod", `no pod of ${victim} is there to be killed`, {
      fix: "see ./symphony --target kube status",
    });
  const flags = ["--grace-period=0", "--force", "--wait=false"];
  for (const { name, namespace } of pods)
    await deps.kubectl.run(["delete", "pod", "-n", namespace, name, ...flags]);
  return {
    detail: `killed ${pods.map(({ name }) => name).join(", ")}`,
    async observe() {
      const now = await victimsOf(deps, victim);
      // A StatefulSet's pod comes back with its name, so it is told by its age.
      const gone = pods.filter(
        (pod) => !now.some(({ name, createdAt }) => name === pod.name && createdAt === pod.createdAt),
      );
      return {
        seen: gone.length === pods.length,
        detail: `${String(gone.length)} of ${String(pods.length)} pods are gone`,
        of: pods.length,
        hit: gone.length,
      };
    },
    heal: nothing,
  };
}

/** So many pods of a service; healed, as many as there were. */
async function scale(
  deps: Deps,
  service: ServiceName,
  { wanted, replicas: before = 1 }: { wanted: number; replicas?: number },
): Promise<KubeDisturbed> {
  await deps.target.scale(service, wanted);
  return {
    detail: `${service} from ${String(before)} to ${String(wanted)} pods`,
    async observe() {
      const ready = (await podsOf(deps.kubectl, service)).filter((pod) => pod.ready).length;
      return {
        seen: ready === wanted,
        detail: `${String(ready)} pods of ${service} are ready`,
        of: wanted,
        hit: ready,
      };
    },
    heal: () => deps.target.scale(service, before),
  };
}

/** Every pod of a Deployment anew, as its own strategy and preStop say; without `drain` each is killed. */
async function roll(
  deps: Deps,
  { victim: service, drain }: { victim: ServiceName; drain: boolean },
): Promise<KubeDisturbed> {
  const { kubectl, target } = deps;
  const before = (await podsOf(kubectl, service)).map(({ name }) => name);
  const resource = ["-n", namespaces.services, `deployment/${service}`];
  if (drain) {
    await kubectl.run(["rollout", "restart", ...resource]);
    await kubectl.run(["rollout", "status", ...resource, "--timeout=180s"]);
  } else
    for (const name of before) {
      await target.kill({ name, workload: service, ready: true, restarts: 0, labels: {} });
      // As many as before, and all of them ready.
      await target.scale(service, before.length);
    }
  return {
    detail: `rolled ${service}`,
    async observe() {
      const now = await podsOf(kubectl, service);
      const fresh = now.filter(({ name }) => !before.includes(name)).length;
      return {
        seen: fresh === now.length,
        detail: `${String(fresh)} of ${String(now.length)} pods are new`,
        of: now.length,
        hit: fresh,
      };
    },
    heal: nothing,
  };
}
