import { createShopClient } from "../../lab/load/client";
import { startTemporaryStack } from "../../lab/run/temporary";
import { openKubeTarget } from "../../lab/target/kube";
import { isTestContext, openKubectl, refusedContext } from "../../lab/target/kubectl";
import { openLaptopTarget } from "../../lab/target/laptop-mesh";
import { targetName } from "../../lab/target/system";
import { type MeshTarget } from "../../lab/target/target";
import { withoutTraces } from "../../lab/telemetry/process";

/** The mesh that the suite runs against: `SYMPHONY_TARGET`, by default one that is started here for it. */
export async function openTarget(): Promise<MeshTarget> {
  if (targetName() === "laptop") return startLaptop();
  // These tests break what they touch, so a test cluster only.
  const kubectl = await openKubectl();
  if (!isTestContext(kubectl.context)) throw refusedContext(kubectl.context);
  return openKubeTarget({ kubectl });
}

/** One order, as a cluster has seen many: services keep what they have once asked for, such as prices. */
async function warmUp(url: string): Promise<void> {
  const shop = createShopClient({ url });
  try {
    const token = await shop.enter({ email: "first@symphony.example", password: "a-password" });
    const placed = await shop.place({ token, order: { productId: "espresso-machine", quantity: 1 } });
    await shop.follow({ token, orderId: placed.order?.id ?? "", timeoutMs: 60_000 });
  } finally {
    shop.close();
  }
}

async function startLaptop(): Promise<MeshTarget> {
  // Traces have suites of their own.
  const environment = withoutTraces(process.env);
  const { stack, state, stop } = await startTemporaryStack({ environment });
  const target = openLaptopTarget(state);
  await warmUp(stack.url);
  return {
    ...target,
    async close() {
      await target.close();
      await stop();
    },
  };
}
