import { namespaces } from "../../lab/target/kubectl";
import { serviceNames } from "../../lib/events";
import { type Cluster, expectNoneFailed, openReadyCluster } from "../support/cluster";

jest.setTimeout(900_000);

/**
 * Orders per second. The goal is 50 on a machine of its own (SYMPHONY_LOAD_RATE); it is lower here because two cores
 * also run the cluster's control plane, the nine new pods and this load.
 */
const rate = 10;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openReadyCluster();
});
afterAll(() => cluster?.close());

test("every service is restarted under load: no request fails, no saga breaks", async () => {
  const result = await cluster.underLoad({ rate, durationMs: 20_000 }, async () => {
    for (const service of serviceNames) {
      const deployment = `deployment/${service}`;
      await cluster.kubectl.run(["rollout", "restart", "-n", namespaces.services, deployment]);
      await cluster.kubectl.run([
        "rollout",
        "status",
        "-n",
        namespaces.services,
        deployment,
        "--timeout=180s",
      ]);
    }
  });
  expectNoneFailed(result);
  await cluster.expectInvariants();
});
