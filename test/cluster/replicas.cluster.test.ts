import { createForwards, type Forwards } from "../../lab/target/forward";
import { namespaces } from "../../lab/target/kubectl";
import { parseMetrics } from "../../lab/telemetry/open-metrics";
import { type ServiceName, serviceNames } from "../../lib/events";
import { allReady, type Cluster, expectNoneFailed, openCluster } from "../support/cluster";
import { breakersClosed } from "../support/mesh";

jest.setTimeout(600_000);

let cluster: Cluster;
let forwards: Forwards;
const before = new Map<ServiceName, number>();
beforeAll(async () => {
  cluster = await openCluster();
  forwards = createForwards(cluster.kubectl);
  await allReady(cluster.kubectl);
  await Promise.all(
    serviceNames.map(async (service) => {
      before.set(service, (await cluster.target.replicas(service)).length);
      await cluster.target.scale(service, 2);
    }),
  );
  await breakersClosed(cluster.target);
});
afterAll(async () => {
  await Promise.all([...before].map(([service, replicas]) => cluster.target.scale(service, replicas)));
  forwards?.close();
  await cluster?.close();
});

/** Of each replica, the events that it handled and the requests that it answered. */
async function workOf(service: ServiceName): Promise<number[]> {
  const pods = await cluster.target.replicas(service);
  return Promise.all(
    pods.map(async ({ name }) => {
      const resource = `pod/${name}`;
      const port = await forwards.open({ namespace: namespaces.services, resource, port: 8080 });
      const samples = parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
      const counted = samples.filter((sample) =>
        ["events_handled_total", "gateway_requests_total"].includes(sample.name),
      );
      return counted.reduce((sum, { value }) => sum + value, 0);
    }),
  );
}

test("two replicas of every service share the work, and no effect happens twice", async () => {
  const result = await cluster.underLoad({ rate: 10, durationMs: 20_000 }, () => Promise.resolve());
  expectNoneFailed(result);
  for (const service of serviceNames.filter((name) => name !== "user")) {
    const work = await workOf(service);
    expect({ service, idle: work.filter((count) => count === 0).length, replicas: work.length }).toEqual({
      service,
      idle: 0,
      replicas: 2,
    });
  }
  // One charge, one sale, one shipment, one mail and one ending of each order are among the invariants.
  await cluster.expectInvariants();
});
