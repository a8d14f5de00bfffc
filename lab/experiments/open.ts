import { environmentFailure } from "../run/failure";
import { type Progress } from "../run/progress";
import { type TargetName } from "../target/system";
import { type Ground } from "./ground";
import { openKubeGround } from "./kube-ground";
import { isUp, openLaptopGround, startPrivateGround } from "./laptop-ground";

export type OpenOptions = {
  target: TargetName;
  /** A system of its own even where one runs. */
  alone: boolean;
  progress: Progress;
  signal: AbortSignal;
};

/** The system to experiment on: the cluster's, the one that runs here or, where none does, one started for it. */
export async function openGround({ target, alone, progress, signal }: OpenOptions): Promise<Ground> {
  if (target === "kube") {
    if (!alone) return openKubeGround();
    throw environmentFailure(
      "experiment.alone",
      "a cluster's Symphony is the only one there; nothing of its own can be started for a run",
      "leave out --private",
    );
  }
  if (!alone && isUp()) return openLaptopGround();
  return startPrivateGround({ progress, signal });
}
