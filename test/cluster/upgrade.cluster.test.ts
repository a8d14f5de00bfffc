import { namespaces } from "../../lab/target/kubectl";
import { podsOf } from "../../lab/target/pods";
import { serviceNames } from "../../lib/events";
import { allReady, type Cluster, expectNoneFailed, openCluster, release, run } from "../support/cluster";
import { breakersClosed } from "../support/mesh";

jest.setTimeout(900_000);

/** Orders per second that two cores bear while nine new pods start at once. */
const rate = 5;
const inNamespace = ["-n", namespaces.services];

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openCluster();
  await allReady(cluster.kubectl);
});
beforeEach(() => breakersClosed(cluster.target));
afterAll(() => cluster?.close());

async function helm(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await run("helm", args);
  if (code !== 0) throw new Error(`helm ${args[0] ?? ""} failed: ${(stdout + stderr).slice(-2000)}`);
}

const upgrade = (settings: string[], timeout: string): string[] => [
  "upgrade",
  release,
  "charts/symphony",
  ...inNamespace,
  "--reuse-values",
  "--wait",
  "--timeout",
  timeout,
  ...settings.flatMap((setting) => ["--set-string", setting]),
];

test("upgrade and rollback under load: no request fails, no saga breaks", async () => {
  const mark = `symphony\\.dev/upgraded-at=${Date.now()}`;
  const result = await cluster.underLoad({ rate, durationMs: 20_000 }, async () => {
    await helm(
      ...upgrade(
        serviceNames.map((service) => `${service}.podAnnotations.${mark}`),
        "300s",
      ),
    );
    await helm("rollback", release, ...inNamespace, "--wait", "--timeout", "300s");
  });
  expectNoneFailed(result);
  await cluster.expectInvariants();
});

test("a migration that fails leaves the old version serving", async () => {
  // Pods of the release before may still be on their way out; they are not meant.
  const [old] = await podsOf(cluster.kubectl, "inventory");
  const image = "symphony-inventory:broken-migration";
  const dockerfile = `FROM ${old?.image ?? ""}
USER 0
RUN echo 'select no_such_function();' > services/inventory/migrations/9999_broken.sql
USER 10001:10001
`;
  const built = await run("docker", ["build", "--quiet", "--tag", image, "-"], dockerfile);
  expect(built).toMatchObject({ code: 0 });
  const name = cluster.kubectl.context.replace(/^kind-/, "");
  expect(await run("kind", ["load", "docker-image", image, "--name", name])).toMatchObject({ code: 0 });

  const settings = ["inventory.image.repository=symphony-inventory", "inventory.image.tag=broken-migration"];
  const result = await cluster.underLoad({ rate, durationMs: 10_000 }, async () => {
    try {
      await expect(helm(...upgrade(settings, "45s"))).rejects.toThrow("helm upgrade failed");
      const now = await podsOf(cluster.kubectl, "inventory");
      expect(now.filter(({ ready }) => ready).map(({ name }) => name)).toEqual([old?.name]);
      expect(now.some(({ ready }) => !ready)).toBe(true);
    } finally {
      await helm("rollback", release, ...inNamespace, "--wait", "--timeout", "180s");
    }
  });
  expectNoneFailed(result);
  await cluster.expectInvariants();
});
