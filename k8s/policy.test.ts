import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseAllDocuments, stringify } from "yaml";

import { projectRoot } from "../lib/paths";
import { has, renderChart } from "../test/support/helm";

/** Findings that stay, by kube-score's name of the check; docs/kubernetes.md gives the same reasons at length. */
const explained: [check: string, objects: RegExp][] = [
  // A limit makes a server slow when it is needed; the requests divide the CPU.
  ["CPU limit is not set", /./],
  // A tag here is the digest of what is in the image, and a kind node has no registry to ask.
  ["ImagePullPolicy is not set to Always", /./],
  // Postgres runs as the user that its image knows by name.
  ["is running with a low user ID", /^postgres$/],
  ["running with a low group ID", /^postgres$/],
  // Topology spread constraints keep replicas apart, by node and by zone.
  ["does not have a host podAntiAffinity set", /./],
  // One replica each on a kind cluster; values-production.yaml has an autoscaler with three and more.
  ["Deployment few replicas", /./],
];

type Finding = { name: string; text: string };

function scan(manifests: string): Finding[] {
  const { stdout } = spawnSync(
    "kube-score",
    ["score", "--kubernetes-version=v1.34", "--output-format=ci", "-"],
    { input: manifests, encoding: "utf8" },
  );
  return stdout
    .split("\n")
    .filter((line) => /^\[(CRITICAL|WARNING)\]/.test(line))
    .map((line) => ({ name: /^\[\w+\] ([a-z-]+)/.exec(line)?.[1] ?? "", text: line }));
}

function withNamespace(rendered: string): string {
  return parseAllDocuments(rendered)
    .map((document) => document.toJS() as { metadata: object } | null)
    .filter((object) => object !== null)
    .map((object) => stringify({ ...object, metadata: { ...object.metadata, namespace: "symphony" } }))
    .join("---\n");
}

const tools = has("kube-score") && has("helm");
const scanned = tools || process.env.REQUIRE_CLUSTER_TOOLS === "1" ? test : test.skip;

scanned.each([
  ["kind", []],
  ["production", [join(projectRoot, "charts", "symphony", "values-production.yaml")]],
])(
  "kube-score finds nothing unexplained in %s (skipped where kube-score or helm is not on the PATH)",
  (name, files) => {
    const chart = withNamespace(renderChart("symphony", { release: "symphony", files }));
    const platform = [`namespaces.yaml`, `platform-${name}.yaml`, `grafana.yaml`].map((file) =>
      readFileSync(join(projectRoot, "k8s", "dist", file), "utf8"),
    );
    const findings = scan([chart, ...platform].join("\n---\n"));
    expect(findings.length).toBeGreaterThan(0);
    const unexplained = findings.filter(
      ({ name: object, text }) =>
        !explained.some(([check, objects]) => text.includes(check) && objects.test(object)),
    );
    expect(unexplained.map(({ text }) => text)).toEqual([]);
  },
);
