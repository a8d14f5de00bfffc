import { namespaces } from "../../lab/target/kubectl";
import { podsWith } from "../../lab/target/pods";
import { serviceNames } from "../../lib/events";
import { allReady, type Cluster, openReadyCluster } from "../support/cluster";
import { waitFor } from "../support/wait-for";

jest.setTimeout(900_000);

/** Orders per second that two cores bear beside the pods that start. */
const rate = 8;

const victims = [
  ...serviceNames.map((name) => ({ name, namespace: namespaces.services })),
  { name: "nats", namespace: namespaces.platform },
  { name: "postgres", namespace: namespaces.platform },
];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openReadyCluster();
});
afterAll(() => cluster?.close());

test("pods are deleted by force under load, one after the other: every saga ends, and every invariant holds", async () => {
  const ready = async ({ name, namespace }: { name: string; namespace: string }) =>
    (await podsWith(cluster.kubectl, namespace, `app.kubernetes.io/name=${name}`)).filter((pod) => pod.ready);
  const result = await cluster.underLoad({ rate, durationMs: 20_000 }, async () => {
    for (const victim of victims) {
      const [pod] = await ready(victim);
      if (pod === undefined) throw new Error(`no pod of ${victim.name} is there to be deleted`);
      const flags = ["--grace-period=0", "--force", "--wait=false"];
      await cluster.kubectl.run(["delete", "pod", "-n", victim.namespace, pod.name, ...flags]);
      await waitFor(
        async () => {
          // A StatefulSet's pod comes back with its name, so it is told by its age.
          const pods = await ready(victim);
          return pods.some(({ name, createdAt }) => name !== pod.name || createdAt !== pod.createdAt);
        },
        { timeoutMs: 120_000, what: `another pod of ${victim.name}` },
      );
    }
  });
  // Requests that were under way to a killed pod may fail; an order that was accepted may not be lost.
  expect(result.unfinished).toBe(0);
  expect(result.confirmed).toBeGreaterThan(0);
  await allReady(cluster.kubectl);
  await cluster.expectInvariants();
});
