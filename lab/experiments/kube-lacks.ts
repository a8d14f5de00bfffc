import { type Disturbance, type DisturbanceKind } from "../mesh/disturb/disturbance";
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

/** A disturbance that a cluster has no means for; the engine asks `lacks` before. */
export function lackingFailure({ kind }: Disturbance): Failure {
  return environmentFailure(
    "experiment.unsupported",
    `a cluster cannot do ${kind}: ${lacking[kind] ?? "nobody has said how"}`,
    `run it on the laptop; namespace ${namespaces.services} is as it was`,
  );
}
