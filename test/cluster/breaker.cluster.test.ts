import { createForwards, type Forwards } from "../../lab/target/forward";
import { namespaces } from "../../lab/target/kubectl";
import { type Cluster, openCluster } from "../support/cluster";
import { breakersClosed, under } from "../support/mesh";
import { waitFor } from "../support/wait-for";

jest.setTimeout(120_000);

let cluster: Cluster;
let forwards: Forwards;
beforeAll(async () => {
  cluster = await openCluster();
  forwards = createForwards(cluster.kubectl);
  await breakersClosed(cluster.target, ["gateway"]);
});
afterAll(async () => {
  forwards?.close();
  await cluster?.close();
});

/** The breaker of inventory as the gateway's own metrics tell it: 0 closed, 2 open. */
async function breakerState(): Promise<number> {
  const [pod] = await cluster.target.replicas("gateway");
  const resource = `pod/${pod?.name ?? ""}`;
  const port = await forwards.open({ namespace: namespaces.services, resource, port: 8080 });
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^circuit_breaker_state\{service="inventory"[^}]*\} (\d)$/m.exec(metrics)?.[1]);
}

test("the gateway's circuit_breaker_state tells that the mesh's breaker opens and closes", async () => {
  // A sidecar that is slow to tell its statistics leaves the metric out of one answer.
  await waitFor(async () => (await breakerState()) === 0, { what: "the closed breaker in the metric" });
  await under(cluster.target, { file: "mesh/faults/inventory-abort.yaml" }, async () => {
    await waitFor(
      async () => {
        // Again and again: connections from before the fault carry one more request each by the old rules.
        await cluster.target.call("gateway", { to: "inventory:8080", path: "/inventory" }, { count: 5 });
        return (await breakerState()) === 2;
      },
      { timeoutMs: 30_000, what: "the open breaker in the metric" },
    );
  });
  await waitFor(async () => (await breakerState()) === 0, { timeoutMs: 30_000, what: "the closed one" });
});
