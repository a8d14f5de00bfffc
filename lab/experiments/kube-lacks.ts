import { type Disturbance, type DisturbanceKind, isService } from "../mesh/disturb/disturbance";
import { environmentFailure, type Failure } from "../run/failure";
import { namespaces } from "../target/kubectl";

/** What a cluster does not let an experiment do, and why. */
export const lacking: Partial<Record<DisturbanceKind, string>> = {
  pause: "a process in a pod cannot be stopped by a signal from outside",
  configure: "the settings of a release belong to Helm",
  clock: "pods share the clock of their node",
  certificate: "istiod decides how long certificates last",
  "slow-disk": "it needs the superuser of the database",
  "wipe-broker": "the broker's volume belongs to its StatefulSet",
  "no-dead-letters": "the streams belong to the platform",
};

/** What a cluster allows only in part: the rest is told by `lackOf`. */
export const partly: Partial<Record<DisturbanceKind, string>> = {
  hold: "a whole service; not one replica of it, nor the broker or the database",
  roll: "a service; not the broker or the database",
};

/** Why a cluster cannot do something; undefined where it can. */
export function lackOf(disturbance: Disturbance): string | undefined {
  if (disturbance.kind !== "hold" && disturbance.kind !== "roll") return lacking[disturbance.kind];
  const { kind, victim } = disturbance;
  if (!isService(victim))
    return `the ${victim} can be killed there, but not ${kind === "hold" ? "kept down" : "rolled"}: it belongs to its StatefulSet`;
  const replica = kind === "hold" ? disturbance.replica : undefined;
  return replica === undefined ? undefined : "a Deployment keeps up the number of its pods";
}

/** A disturbance that a cluster has no means for; the engine asks `lacks` before. */
export function lackingFailure(disturbance: Disturbance): Failure {
  return environmentFailure(
    "experiment.unsupported",
    `a cluster cannot do ${disturbance.kind}: ${lackOf(disturbance) ?? "nobody has said how"}`,
    `run it on the laptop; namespace ${namespaces.services} is as it was`,
  );
}
