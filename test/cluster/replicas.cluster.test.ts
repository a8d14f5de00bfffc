import { serviceNames } from "../../lib/events";
import { allReady, type Cluster, expectNoneFailed, openCluster } from "../support/cluster";
import { breakersClosed } from "../support/mesh";

jest.setTimeout(600_000);

let cluster: Cluster;
const before = new Map<(typeof serviceNames)[number], number>();
beforeAll(async () => {
  cluster = await openCluster();
  await allReady(cluster.kubectl);
  for (const service of serviceNames) {
    before.set(service, (await cluster.target.replicas(service)).length);
    await cluster.target.scale(service, 2);
  }
  await breakersClosed(cluster.target);
});
afterAll(async () => {
  for (const [service, replicas] of before) await cluster.target.scale(service, replicas);
  await cluster?.close();
});

test("two replicas of every service share the work, and no effect happens twice", async () => {
  const result = await cluster.underLoad({ rate: 10, durationMs: 20_000 }, () => Promise.resolve());
  expectNoneFailed(result);
  // One charge, one sale, one shipment, one mail and one ending of each order are among the invariants.
  await cluster.expectInvariants();
});
