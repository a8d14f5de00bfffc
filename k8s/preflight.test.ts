import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseAllDocuments } from "yaml";

import { projectRoot } from "../lib/paths";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "symphony-preflight-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

type Cluster = { provisioner?: string; volumes?: string[]; bound?: string[] };

/** What k8s/preflight says of a kind cluster with all it takes, whose volumes are those of `cluster`. */
function preflight(cluster: Cluster, args: string[] = []): { code: number | null; said: string } {
  const { provisioner = "kubernetes.io/no-provisioner", volumes = [], bound = [] } = cluster;
  const answers = [
    ["*deployment*istiod*", "1"],
    ["*configmap*istio*", "DECODE_AND_MERGE_SLASHES"],
    ["*storageclass*metadata.name*", "standard"],
    ["*storageclass*provisioner*", provisioner],
    ["*persistentvolumes*", volumes.join("\n")],
    ["*persistentvolumeclaims*", bound.join("\n")],
  ].map(([call, answer]) => `${call}) printf '%s' '${answer}' ;;`);
  const kubectl = join(folder, "kubectl");
  writeFileSync(kubectl, ["#!/bin/sh", 'case "$*" in', ...answers, "esac"].join("\n"));
  chmodSync(kubectl, 0o755);
  const { status, stderr } = spawnSync(join(projectRoot, "k8s", "preflight"), args, {
    encoding: "utf8",
    env: { PATH: `${folder}:${process.env.PATH}`, SKAFFOLD_KUBE_CONTEXT: "kind-test" },
  });
  return { code: status, said: stderr };
}

const three = join(projectRoot, "k8s", "dist", "platform-kind-nats3.yaml");
const standard = (count: number): string[] => new Array<string>(count).fill("standard");

test.each<[string, Cluster, string[]]>([
  ["as many volumes as are claimed", { volumes: standard(2) }, []],
  ["as many as three brokers claim", { volumes: standard(4) }, [three]],
  ["one, where the other claim has its own", { volumes: standard(1), bound: ["data-nats-0"] }, []],
  ["none, where all claims have theirs", { bound: ["data-nats-0", "data-postgres-0"] }, []],
  ["none, where somebody makes them", { provisioner: "rancher.io/local-path" }, []],
])("takes a cluster with %s", (_, cluster, args) => {
  expect(preflight(cluster, args)).toEqual({ code: 0, said: "" });
});

test.each<[string, Cluster, string[], string]>([
  ["none", {}, [], "no volume of class standard is free, the platform claims 2"],
  [
    "one of two",
    { volumes: standard(1) },
    [],
    "only 1 of the volumes of class standard is free, the platform claims 2",
  ],
  ["one of another class", { volumes: ["slow", "slow"] }, [], "no volume of class standard is free"],
  [
    "too few for the two brokers that come to one",
    { volumes: standard(1), bound: ["data-nats-0", "data-postgres-0"] },
    [three],
    "only 1 of the volumes of class standard is free, the platform claims 2",
  ],
])("refuses a cluster with %s in one line with the fix", (_, cluster, args, reason) => {
  const { code, said } = preflight(cluster, args);
  expect(code).toBe(1);
  expect(said).toMatch(/^preflight: .* Fix: kubectl get persistentvolumes.*\n$/);
  expect(said).toContain(reason);
});

test("skaffold tells it which platform a profile installs", () => {
  type Deployed = {
    name?: string;
    manifests?: { rawYaml: string[] };
    deploy?: { kubectl?: { hooks?: { before?: { host: { command: string[] } }[] } } };
  };
  const text = readFileSync(join(projectRoot, "skaffold.yaml"), "utf8");
  const [platform] = parseAllDocuments(text, { merge: true }).map(
    (document) => document.toJS() as Deployed & { profiles: Deployed[] },
  );
  const usual = "k8s/dist/platform-kind.yaml";
  const checked = ({ deploy }: Deployed): string | undefined =>
    deploy?.kubectl?.hooks?.before?.[0]?.host.command[1];
  for (const profile of platform?.profiles ?? []) {
    const installed = profile.manifests?.rawYaml.find((file) => file.includes("/platform-"));
    expect({ ...profile, file: checked(profile) ?? usual }).toMatchObject({ file: installed });
  }
});
