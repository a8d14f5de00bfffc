import { explainRefusal } from "./refused-filters";
import { Rules } from "./rules";

const patch = (value: string): string =>
  `    - applyTo: HTTP_FILTER\n      patch:\n        operation: INSERT_FIRST\n        value: {name: ${value}}\n`;
const filter = (name: string, ...values: string[]): string =>
  `apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: ${name}}\n` +
  `spec:\n  configPatches:\n${values.map(patch).join("")}`;
const before = new Rules([{ path: "base/order.yaml", text: filter("old", "good") }]);
const explain = (text: string, isRefused: (text: string) => boolean): Promise<string> =>
  explainRefusal("Envoy says no", {
    before,
    after: before.apply({ path: "new.yaml", text }),
    isRefused: (rules) => isRefused(rules.files().at(-1)?.text ?? ""),
  });
const hasBad = (text: string): boolean => text.includes("bad");

test("a refused patch is told with file, line, column and field", async () => {
  const text = `# Two objects.\n${filter("one", "good")}---\n# A comment.\n${filter("two", "good", "bad")}`;
  const line = text.split("\n").findIndex((part) => part.includes("bad")) + 1;
  expect(await explain(text, hasBad)).toBe(
    `new.yaml:${line}:16: spec.configPatches[1].patch.value: Envoy says no`,
  );
});

test("patches that are refused only together are told by their object", async () => {
  const text = `# A comment.\n${filter("pair", "first", "second")}`;
  expect(await explain(text, (tried) => tried.includes("first") && tried.includes("second"))).toBe(
    "new.yaml:2:1: one of its patches: Envoy says no",
  );
});

test("what was in force before is not suspected", async () => {
  const tried: string[] = [];
  await explain(filter("new", "bad"), (text) => tried.push(text) < 0);
  expect(tried).toEqual([expect.stringContaining("bad")]);
});
