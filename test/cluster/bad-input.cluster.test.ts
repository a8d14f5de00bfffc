import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import { type Cluster, openCluster, run } from "../support/cluster";

jest.setTimeout(60_000);

type KubeConfig = {
  contexts: { name: string; context: Record<string, string> }[];
  clusters: { name: string; cluster: Record<string, string> }[];
  "current-context": string;
};

let cluster: Cluster;
let folder: string;
let own: KubeConfig;
beforeAll(async () => {
  cluster = await openCluster();
  folder = mkdtempSync(join(tmpdir(), "symphony-kube-"));
  const text = await cluster.kubectl.run(["config", "view", "--minify", "--flatten", "-o", "yaml"]);
  own = parse(text) as KubeConfig;
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster?.close();
});

/** k8s/preflight with a context of its own: another name, another address of the API server. */
async function preflight({ context, server }: { context: string; server?: string }) {
  const changed = structuredClone(own);
  const [entry] = changed.contexts;
  const [target] = changed.clusters;
  if (entry === undefined || target === undefined) throw new Error("the kubeconfig has no context");
  entry.name = context;
  changed["current-context"] = context;
  if (server !== undefined) target.cluster = { server };
  const file = join(folder, "config");
  writeFileSync(file, stringify(changed));
  return run("env", ["-u", "SKAFFOLD_KUBE_CONTEXT", `KUBECONFIG=${file}`, "k8s/preflight"]);
}

/** The API server without what `paths` names, as a cluster looks that has none of it. */
async function withoutPaths<T>(paths: string, work: (server: string) => Promise<T>): Promise<T> {
  const proxy = cluster.kubectl.start(["proxy", "--port=0", `--reject-paths=${paths}`]);
  try {
    const server = await new Promise<string>((resolve, reject) => {
      proxy.stdout.on("data", (chunk: Buffer) => {
        const address = /Starting to serve on (\S+)/.exec(chunk.toString())?.[1];
        if (address !== undefined) resolve(`http://${address}`);
      });
      proxy.once("exit", () => {
        reject(new Error("kubectl proxy ended"));
      });
    });
    return await work(server);
  } finally {
    proxy.kill();
  }
}

describe("before anything is installed", () => {
  test("a cluster with all it takes passes", async () => {
    expect(await preflight({ context: cluster.kubectl.context })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  test("a context that is no kind cluster is not touched unasked", async () => {
    const { code, stderr } = await preflight({ context: "production" });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "preflight: production is not a kind cluster. Fix: choose another context, or allow this one with SYMPHONY_CONTEXT=production\n",
    );
  });

  test("a cluster that does not answer is named", async () => {
    const { code, stderr } = await preflight({ context: "kind-away", server: "http://127.0.0.1:1" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^preflight: the cluster of kind-away does not answer: .*refused.* Fix: start it/);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([
    ["Istio", "^/apis/apiextensions.k8s.io", /^preflight: Istio is not installed\. Fix: see docs/],
    [
      "a default storage class",
      "^/apis/storage.k8s.io",
      /^preflight: no storage class is the default one.* Fix: /,
    ],
  ])("a cluster without %s is refused", async (_, paths, message) => {
    const { code, stderr } = await withoutPaths(paths, (server) =>
      preflight({ context: "kind-bare", server }),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test("a cluster without free volumes is refused where nobody makes new ones", async () => {
    const provisioner = "{.items[*].provisioner}";
    const makers = await cluster.kubectl.run(["get", "storageclass", "-o", `jsonpath=${provisioner}`]);
    const { code, stderr } = await withoutPaths("^/api/v1/.*persistentvolume", (server) =>
      preflight({ context: "kind-full", server }),
    );
    if (makers !== "kubernetes.io/no-provisioner")
      return expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^preflight: no volume of class \S+ is free.* Fix: [^\n]*\n$/);
  });
});

describe("helm install", () => {
  const namespace = "symphony-bad-input";
  beforeAll(() => cluster.kubectl.run(["create", "namespace", namespace]));
  afterAll(() => cluster.kubectl.run(["delete", "namespace", namespace, "--wait=false"]));

  test.each([
    ["a misspelt value", ["--set", "order.replicaz=2"], /order.*replicaz/s],
    ["a missing Secret", [], /needs the Secret symphony-bad-input\/\S+, which does not exist\. Fix: /],
  ])("with %s installs nothing", async (_, settings, message) => {
    const { code, stderr } = await run("helm", [
      "install",
      "bad",
      "charts/symphony",
      "-n",
      namespace,
      ...settings,
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    const kinds = "deployment,service,serviceaccount,configmap";
    const label = "app.kubernetes.io/managed-by=Helm";
    expect(await cluster.kubectl.run(["get", kinds, "-n", namespace, "-l", label, "-o", "name"])).toBe("");
    expect((await run("helm", ["list", "-n", namespace, "--all", "--short"])).stdout).toBe("");
  });
});
