import { connect } from "nats";

import { namespaces } from "../../lab/target/kubectl";
import { podsWith } from "../../lab/target/pods";
import { streams } from "../../lib/events";
import { type Cluster, expectNoneFailed, openReadyCluster, skaffold } from "../support/cluster";
import { waitFor } from "../support/wait-for";

jest.setTimeout(900_000);

const rate = 5;

let cluster: Cluster;
beforeAll(async () => {
  // Never from one broker to three in place: a lone broker's streams are none of a cluster's.
  await skaffold("delete");
  await skaffold("run", "--profile", "nats3");
  cluster = await openReadyCluster();
});
afterAll(async () => {
  await cluster?.close();
  await skaffold("delete");
});

const brokers = async () =>
  (await podsWith(cluster.kubectl, namespaces.platform, "app.kubernetes.io/name=nats")).filter(
    ({ ready }) => ready,
  );

/** How the events' stream is kept: by how many brokers, and how many of them have all of it. */
async function copies(): Promise<{ replicas: number; current: number; leader: string | undefined }> {
  const { natsUrl } = await cluster.sources();
  const { username, password, host } = new URL(natsUrl);
  const connection = await connect({ servers: host, user: username, pass: decodeURIComponent(password) });
  try {
    const manager = await connection.jetstreamManager();
    const { config, cluster: group } = await manager.streams.info(streams.events.name);
    const followers = (group?.replicas ?? []).filter(({ current, offline }) => current && offline !== true);
    return { replicas: config.num_replicas, current: followers.length + 1, leader: group?.leader };
  } finally {
    await connection.close();
  }
}

test("three brokers keep three copies; one is killed under load: nothing is lost, nothing happens twice", async () => {
  await waitFor(async () => (await copies()).current === 3, { timeoutMs: 60_000, what: "three copies" });
  const { replicas, leader } = await copies();
  expect(replicas).toBe(3);
  const result = await cluster.underLoad({ rate, durationMs: 30_000 }, async () => {
    const victim = (await brokers()).find(({ name }) => name === leader);
    if (victim === undefined) throw new Error(`no pod is called like the stream's leader, ${leader ?? ""}`);
    const flags = ["--grace-period=0", "--force", "--wait=false"];
    await cluster.kubectl.run(["delete", "pod", "-n", namespaces.platform, victim.name, ...flags]);
    await waitFor(
      async () =>
        (await brokers()).some(
          ({ name, createdAt }) => name === victim.name && createdAt !== victim.createdAt,
        ),
      { timeoutMs: 120_000, what: "the killed broker to be back" },
    );
  });
  // Taking an order asks no broker.
  expectNoneFailed(result);
  await cluster.expectInvariants();
  await waitFor(async () => (await copies()).current === 3, {
    timeoutMs: 60_000,
    what: "three copies again",
  });
});
