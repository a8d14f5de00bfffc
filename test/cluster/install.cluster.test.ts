import { currentContext, isTestContext, namespaces, refusedContext } from "../../lab/target/kubectl";
import { podsWith } from "../../lab/target/pods";
import { serviceNames } from "../../lib/events";
import { type Cluster, openCluster, release, run, skaffold } from "../support/cluster";

// With every image to be built and loaded.
jest.setTimeout(1_200_000);

let cluster: Cluster;
beforeAll(async () => {
  const { context } = await currentContext();
  if (!isTestContext(context)) throw refusedContext(context);
  // From nothing, whatever is there: an earlier version's databases and volumes are not this one's.
  await skaffold("delete");
  // Before, so that what the install itself takes can be told.
  await skaffold("build");
  const from = Date.now();
  await skaffold("run");
  const seconds = Math.round((Date.now() - from) / 1000);
  process.stderr.write(
    `everything is installed and ready ${String(seconds)} s after its images were built\n`,
  );
  cluster = await openCluster();
});
afterAll(() => cluster?.close());

test("every pod is ready", async () => {
  for (const service of serviceNames) {
    const pods = await podsWith(cluster.kubectl, namespaces.services, `app.kubernetes.io/name=${service}`);
    expect(pods.filter(({ ready }) => ready).length).toBeGreaterThan(0);
    expect(pods.filter(({ ready, ending }) => !ready && !ending)).toEqual([]);
  }
  const platform = await podsWith(cluster.kubectl, namespaces.platform);
  expect(platform.filter(({ ready, ending }) => !ready && !ending).map(({ name }) => name)).toEqual([]);
});

test("all pods together ask for 4 GiB of memory or less", async () => {
  const pods = [
    ...(await podsWith(cluster.kubectl, namespaces.services)),
    ...(await podsWith(cluster.kubectl, namespaces.platform)),
  ];
  const requested = pods.reduce((sum, { memoryRequest }) => sum + memoryRequest, 0);
  expect(requested).toBeGreaterThan(0);
  expect(requested).toBeLessThanOrEqual(4 * 2 ** 30);
});

test("helm test passes inside the mesh", async () => {
  const { code, stdout, stderr } = await run("helm", [
    "test",
    release,
    "-n",
    namespaces.services,
    "--timeout",
    "150s",
  ]);
  expect({ code, said: code === 0 ? "" : stdout + stderr }).toEqual({ code: 0, said: "" });
  expect(stdout).toContain("Succeeded");
});

test("an order is confirmed through the ingress gateway", async () => {
  const token = await cluster.customer();
  const placed = await cluster.client.place({ token, order: { productId: "espresso-machine", quantity: 1 } });
  expect(await cluster.settled(token, placed)).toMatchObject({ status: "confirmed" });
});
