import { openKubeTarget } from "../../lab/target/kube";
import { isTestContext, openKubectl, refusedContext } from "../../lab/target/kubectl";
import { type MeshTarget } from "../../lab/target/target";

/** The mesh that the suite runs against. These tests break what they touch, so a test cluster only. */
export async function openTarget(): Promise<MeshTarget> {
  const kubectl = await openKubectl();
  if (!isTestContext(kubectl.context)) throw refusedContext(kubectl.context);
  return openKubeTarget({ kubectl });
}
