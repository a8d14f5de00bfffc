import { namespaces } from "../../lab/target/kubectl";
import { serviceNames } from "../../lib/events";
import { type Cluster, expectNoneFailed, openReadyCluster } from "../support/cluster";

jest.setTimeout(900_000);

/**
 * Orders per second. The goal is 50 on a machine of its own (SYMPHONY_LOAD_RATE); it is lower here because two cores
 * also run the cluster's control plane, the nine new pods and this load.
 */
const rate = 10;

const inNamespace = ["-n", namespaces.services];
/** Three at a time, as one after the other takes minutes: every third, so that the first, which all orders pass, are apart. */
const groups = [0, 1, 2].map((turn) => serviceNames.filter((_, index) => index % 3 === turn));

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openReadyCluster();
});
afterAll(() => cluster?.close());

test("every service is restarted under load: no request fails, no saga breaks", async () => {
  const result = await cluster.underLoad({ rate, durationMs: 20_000 }, async () => {
    for (const group of groups) {
      const deployments = group.map((service) => `deployment/${service}`);
      await cluster.kubectl.run(["rollout", "restart", ...inNamespace, ...deployments]);
      for (const deployment of deployments)
        await cluster.kubectl.run(["rollout", "status", ...inNamespace, deployment, "--timeout=180s"]);
    }
  });
  expectNoneFailed(result);
  await cluster.expectInvariants();
});
