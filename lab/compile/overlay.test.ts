import { goldenPaths } from "../../test/support/compile";
import { readMeshConfig, readSources } from "../mesh/sources";
import { compile } from "./compile";
import { planWorld } from "./default-world";
import { overlay } from "./overlay";
import { printConfig } from "./print";

const world = planWorld({ meshConfig: readMeshConfig() });
const base = readSources("mesh/base");

test("what is left of a file stands on the lines where it stood", () => {
  const [first] = overlay(
    [
      {
        path: "a.yaml",
        text: "kind: A\nmetadata: { name: x, namespace: n }\n---\nkind: B\nmetadata: { name: x, namespace: n }\n",
      },
    ],
    [{ path: "b.yaml", text: "kind: A\nmetadata: { name: x, namespace: n }\nspec: {}\n" }],
  );
  expect(first?.text.split("\n").map((line) => line.trimEnd())).toEqual([
    "",
    "",
    "---",
    "kind: B",
    "metadata: { name: x, namespace: n }",
    "",
  ]);
});

test.each([
  ["mesh/canary", []],
  // The synchronous chain, which mesh/base lets nobody call.
  ["mesh/profiles/chaos", ["analytics-chain", "audit-chain", "notification-chain"]],
])("%s replaces objects of mesh/base by their names, and adds %j", (folder, added) => {
  const named = ({ kind, name }: { kind: string; name: string }): string => `${kind} ${name}`;
  const { objects } = compile(overlay(base, readSources(folder)), world, goldenPaths);
  const before = new Set(compile(base, world, goldenPaths).objects.map(named));
  expect(objects.filter((one) => !before.has(named(one))).map(({ name }) => name)).toEqual(added);
  expect(objects).toHaveLength(before.size + added.length);
  expect(objects.some(({ file }) => file.startsWith(folder))).toBe(true);
});

test("what is printed names the YAML above each route, cluster and filter", () => {
  const order = compile(base, world, goldenPaths).proxies.get("order");
  const lines =
    order === undefined
      ? []
      : printConfig(order)
          .split("\n")
          .map((line) => line.trim());
  const above = (text: string): string | undefined => lines[lines.indexOf(text) - 1];
  expect(above("- name: envoy.filters.http.rbac")).toMatch(/^# mesh\/base\/order\.yaml:\d+$/);
  const cluster = lines.indexOf("name: outbound|8080||inventory.symphony.svc.cluster.local");
  expect(lines[cluster - 2]).toMatch(/^# mesh\/base\/inventory\.yaml:\d+$/);
  expect(lines.filter((line) => line.startsWith("# mesh/base/inventory.yaml")).length).toBeGreaterThan(4);
});
