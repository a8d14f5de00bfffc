import { keysOf, Rules } from "./rules";

const object = (kind: string, name: string, spec = "{}") =>
  `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: symphony\nspec: ${spec}\n`;
const inventory = {
  path: "mesh/base/inventory.yaml",
  text: `# Two objects.\n${object("VirtualService", "inventory")}---\n${object("DestinationRule", "inventory")}`,
};
const order = { path: "mesh/base/order.yaml", text: object("VirtualService", "order") };
const canary = {
  path: "mesh/canary/inventory.yaml",
  text: object("VirtualService", "inventory", "{canary: true}"),
};
const base = new Rules([inventory, order]);

/** What is in force: the objects of each file, in the order of the files. */
const inForce = (rules: Rules) => rules.files().map(({ path, text }) => [path, keysOf(text)]);

test("the base is in force as it stands", () => {
  expect(base.files()).toEqual([inventory, order]);
});

test("an applied object covers that of the base, whose other lines keep their numbers", () => {
  const rules = base.apply(canary);
  expect(inForce(rules)).toEqual([
    [inventory.path, ["DestinationRule symphony/inventory"]],
    [order.path, ["VirtualService symphony/order"]],
    [canary.path, ["VirtualService symphony/inventory"]],
  ]);
  const lines = inventory.text.split("\n");
  const covered = rules.files()[0]!.text.split("\n");
  expect(covered).toHaveLength(lines.length);
  expect(covered.indexOf("kind: DestinationRule")).toBe(lines.indexOf("kind: DestinationRule"));
});

test("applying a file of the base again ends what covers it", () => {
  expect(base.apply(canary).apply(inventory).files()).toEqual(base.files());
});

test("a rule that is applied twice is there once, as it was applied last", () => {
  const fault = { path: "fault.yaml", text: object("EnvoyFilter", "fault", "{delay: 1}") };
  const rules = base.apply(fault).apply({ ...fault, text: object("EnvoyFilter", "fault", "{delay: 2}") });
  expect(rules.applied).toEqual([{ ...fault, text: object("EnvoyFilter", "fault", "{delay: 2}") }]);
});

test("what is removed is gone, in the base too, until it is applied again", () => {
  const rules = base.apply(canary).remove(canary.text);
  expect(inForce(rules)[0]).toEqual([inventory.path, ["DestinationRule symphony/inventory"]]);
  expect(rules.applied).toEqual([]);
  expect(rules.apply(inventory).files()).toEqual(base.files());
});

test("what does not exist is removed without effect", () => {
  expect(base.remove(object("EnvoyFilter", "nobody")).files()).toEqual(base.files());
});

test("an edited base stays covered", () => {
  const edited = { ...order, text: object("VirtualService", "order", "{edited: true}") };
  const rules = base.apply(canary).replaceBase([inventory, edited]);
  expect(rules.files()[1]).toEqual(edited);
  expect(rules.files()[2]).toEqual(canary);
});

test("what cannot be read is left for the compiler to refuse", () => {
  const broken = { path: "mesh/base/broken.yaml", text: "kind: [VirtualService\n---\nnot: an object\n" };
  expect(new Rules([broken]).apply(canary).files()[0]).toEqual(broken);
  expect(keysOf(broken.text)).toEqual([]);
});

test("a namespace that is not named is that of the services", () => {
  expect(keysOf("kind: Gateway\nmetadata: {name: a}\n")).toEqual(["Gateway symphony/a"]);
});

test("EnvoyFilters are told apart from the rest, and those that are covered are not among them", () => {
  const filter = (name: string, extra = "") =>
    `kind: EnvoyFilter\nmetadata: { name: ${name}, namespace: symphony${extra} }`;
  const policy = "kind: AuthorizationPolicy\nmetadata: { name: p, namespace: symphony }";
  const rules = new Rules([
    { path: "a.yaml", text: `${policy}\n---\n${filter("x")}\n---\n${filter("y")}\n` },
  ]);
  const y = { path: "a.yaml", line: 7, text: filter("y") };
  expect(rules.envoyFilters()).toEqual([{ path: "a.yaml", line: 4, text: filter("x") }, y]);
  const changed = filter("x", ", labels: { a: b }");
  expect(rules.apply({ path: "b.yaml", text: changed }).envoyFilters()).toEqual([
    y,
    { path: "b.yaml", line: 1, text: changed },
  ]);
});

test("what covered an object of the base for a while is taken away, and the object is in force again", () => {
  const rules = base.apply(canary);
  expect(rules.appliedWith(canary.text)).toEqual([canary]);
  expect(rules.appliedWith(order.text)).toEqual([]);
  expect(rules.uncover(canary.text).files()).toEqual(base.files());
});

test("taking away a cover brings back no object that was deleted before", () => {
  const rules = base.remove(order.text);
  expect(inForce(rules.apply(canary).uncover(canary.text))).toEqual(inForce(rules));
});
