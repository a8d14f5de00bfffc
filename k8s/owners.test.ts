import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parseAllDocuments } from "yaml";

import { readSources } from "../lab/mesh/sources";
import { serviceNames } from "../lib/events";
import { projectRoot } from "../lib/paths";
import { has, renderChart } from "../test/support/helm";
import { type Manifest, synthesize } from "./platform/synth";

/** What one owner makes in one form: `objects` are installed together. */
type Making = { owner: "Helm" | "cdk8s" | "mesh"; form: string; objects: Manifest[] };

const parsed = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);

/** What names an object in a cluster; the version is left out, as all versions of a kind are the same objects. */
function keyOf({ apiVersion, kind, metadata }: Manifest, namespace = ""): string {
  const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "core";
  return [group, kind, metadata.namespace ?? namespace, metadata.name].join("/");
}

/** Objects of more than one owner, and objects that an owner makes twice in one form. */
function conflicts(makings: readonly Making[]): string[] {
  const owners = new Map<string, Set<string>>();
  const twice: string[] = [];
  for (const { owner, form, objects } of makings) {
    // Helm installs what names no namespace into that of the release.
    const keys = objects.map((object) => keyOf(object, owner === "Helm" ? "symphony" : ""));
    twice.push(
      ...keys
        .filter((key, at) => keys.indexOf(key) !== at)
        .map((key) => `${key} is made twice by ${owner} (${form})`),
    );
    for (const key of keys) owners.set(key, (owners.get(key) ?? new Set()).add(owner));
  }
  const shared = [...owners]
    .filter(([, makers]) => makers.size > 1)
    .map(([key, makers]) => `${key} is made by ${[...makers].sort().join(" and ")}`);
  return [...twice, ...shared];
}

/** As helm renders them: charts.test.ts holds these files equal to the charts, where there is a helm. */
const rendered: Making[] = ["default", "production"].map((form) => ({
  owner: "Helm",
  form,
  objects: parsed(
    readFileSync(join(projectRoot, "charts", "testdata", "symphony", `${form}.out.yaml`), "utf8"),
  ),
}));

const files = synthesize();
const common = ["namespaces.yaml", "grafana.yaml"];
const platforms: Making[] = [...files.keys()]
  .filter((file) => !common.includes(file))
  .map((file) => ({
    owner: "cdk8s",
    form: file,
    objects: [...common, file].flatMap((one) => files.get(one) ?? []),
  }));

/**
 * The profile chaos and the canary replace objects of mesh/base by the same name. Both are the mesh's, so that is one
 * owner; they are forms of their own, because within one form no object may be there twice.
 */
const rules: Making[] = [["mesh/base", "mesh/faults"], ["mesh/canary"], ["mesh/profiles/chaos"]].map(
  (folders) => ({
    owner: "mesh",
    form: folders.join(" and "),
    objects: folders.flatMap((folder) => readSources(folder)).flatMap(({ text }) => parsed(text)),
  }),
);

const makings = [...rendered, ...platforms, ...rules];

test.each(makings)("$owner makes objects as $form", ({ objects }) => {
  expect(objects.length).toBeGreaterThan(0);
});

test("no object has two owners", () => {
  expect(conflicts(makings)).toEqual([]);
});

const required = process.env.REQUIRE_CLUSTER_TOOLS === "1";
const withHelm = has("helm") || required ? test : test.skip;

withHelm("nor has one with all that the chart can make (skipped where helm is not on the PATH)", () => {
  const set = serviceNames.flatMap((name) =>
    ["canary", "podMonitor", "autoscaling"].map((part) => `${name}.${part}.enabled=true`),
  );
  const objects = parsed(renderChart("symphony", { release: "symphony", set }));
  expect(objects.filter(({ kind }) => kind === "PodMonitor")).toHaveLength(serviceNames.length);
  expect(conflicts([{ owner: "Helm", form: "everything", objects }, ...platforms, ...rules])).toEqual([]);
});

test("a second owner, and a second object of the same name, are named", () => {
  const policy = { kind: "NetworkPolicy", metadata: { name: "order" } };
  const made = { apiVersion: "networking.k8s.io/v1", ...policy };
  const planted: Making[] = [
    { owner: "Helm", form: "planted", objects: [made] },
    // Another version of the kind is still the same object.
    {
      owner: "cdk8s",
      form: "planted",
      objects: [
        { ...made, apiVersion: "networking.k8s.io/v2", metadata: { name: "order", namespace: "symphony" } },
      ],
    },
    { owner: "mesh", form: "planted", objects: [made, made] },
  ];
  expect(conflicts(planted)).toEqual([
    "networking.k8s.io/NetworkPolicy//order is made twice by mesh (planted)",
    "networking.k8s.io/NetworkPolicy/symphony/order is made by Helm and cdk8s",
  ]);
});
