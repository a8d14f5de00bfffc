import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { root, statuses } from "../../test/support/mesh";
import { startSystem, type System } from "../../test/support/system";
import { waitFor } from "../../test/support/wait-for";
import { openControl, openLaptopTarget } from "../target/laptop-mesh";
import { type Call, type MeshTarget } from "../target/target";
import { openLocalCa, spiffeId } from "./ca";
import { type Control } from "./control";

jest.setTimeout(180_000);

const rules = mkdtempSync(join(tmpdir(), "symphony-rules-"));
const readProduct: Call = { to: "inventory:8080", path: "/inventory/espresso-machine" };
let system: System;
let target: MeshTarget;
let control: Control;

beforeAll(async () => {
  cpSync(join(root, "mesh/base"), rules, { recursive: true });
  system = await startSystem({
    mesh: true,
    rules,
    // Renewed every 15 s: a process that stands still for some seconds lets none end.
    environment: { ...process.env, SYMPHONY_CERT_TTL: "30s" },
  });
  target = openLaptopTarget(system.state);
  control = openControl(system.state);
});
afterAll(async () => {
  await target?.close();
  await system?.stop();
  rmSync(rules, { recursive: true, force: true });
});

/** Calls inventory as the gateway, all the time until `work` is done; the statuses of the answers. */
async function during(work: () => Promise<unknown>): Promise<Record<number, number>> {
  const results: Awaited<ReturnType<MeshTarget["call"]>> = [];
  let going = true;
  const calling = (async () => {
    while (going) results.push(...(await target.call("gateway", readProduct, { count: 40, concurrency: 4 })));
  })();
  try {
    await work();
  } finally {
    going = false;
    await calling;
  }
  return statuses(results);
}

/** A call to a sidecar's inbound port with a certificate for `identity`; the answer's status, or why there is none. */
async function callWith(identity: string, caFolder: string): Promise<number | string> {
  const ca = await openLocalCa(caFolder);
  const { chain, key } = await ca.issue(identity, 60_000);
  const { to } = await control.route({ caller: "nobody", to: "inventory:8080" });
  const [host, port] = to.split(":");
  return new Promise((resolve) => {
    const options = { host, port, cert: chain, key, rejectUnauthorized: false, agent: false };
    request({ ...options, path: "/inventory/espresso-machine", timeout: 3000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      .end();
  });
}

test.each(["rest", "grpc", "saga", "events"] as const)(
  "an order goes through the mesh: %s",
  async (pattern) => {
    const token = await system.customer();
    const order = { productId: "espresso-machine", quantity: 1 };
    const placed = await system.client.place({ token, order, pattern });
    expect(await system.settled(token, placed)).toMatchObject({ status: "confirmed" });
  },
);

test("who a caller is, its certificate says, if it comes from this mesh", async () => {
  const mine = join(system.state, "mesh");
  const theirs = mkdtempSync(join(tmpdir(), "symphony-other-ca-"));
  const gateway = spiffeId("cluster.local", "symphony", "gateway");
  expect(await callWith(gateway, mine)).toBe(200);
  expect(await callWith(spiffeId("cluster.local", "symphony", "stranger"), mine)).toBe(403);
  expect(await callWith(gateway, theirs)).toMatch(/^ERR_SSL|ECONNRESET/);
  rmSync(theirs, { recursive: true });
});

test("certificates are renewed under load without a failed call", async () => {
  const ends = async () => {
    const { sidecars } = await control.meshStatus();
    return Math.min(...sidecars.map(({ certificateEnds }) => Date.parse(certificateEnds ?? "")));
  };
  const first = await ends();
  const seen = await during(() =>
    waitFor(async () => (await ends()) > first, { timeoutMs: 90_000, what: "a new certificate of each" }),
  );
  expect(Object.keys(seen)).toEqual(["200"]);
});

test("a saved rule is in force at once without a failed call, a broken one changes nothing", async () => {
  const file = join(rules, "inventory.yaml");
  const original = readFileSync(file, "utf8");
  const label = "x-saved";
  const edited = original.replace(
    "    - name: read\n",
    `    - name: read\n      headers: {response: {set: {${label}: "1"}}}\n`,
  );
  expect(edited).not.toBe(original);
  const isInForce = async () => (await target.call("gateway", readProduct))[0]?.headers[label] === "1";
  const seen = await during(async () => {
    writeFileSync(file, edited);
    await waitFor(isInForce);
    writeFileSync(file, edited.replace("timeout: 5s", "timeout: 5seconds"));
    const { problem } = await waitFor(async () => {
      const status = await control.meshStatus();
      return status.problem === undefined ? undefined : status;
    });
    expect(problem).toMatch(/inventory\.yaml:\d+:\d+: spec\.http\[\d\]\.timeout: .*5seconds/);
    expect(await isInForce()).toBe(true);
    writeFileSync(file, original);
    // A sidecar may answer by the rule before the last of them has it, and only then is the problem over.
    await waitFor(async () => !(await isInForce()));
    await waitFor(async () => (await control.meshStatus()).problem === undefined);
  });
  expect(Object.keys(seen)).toEqual(["200"]);
});

describe("a rule that is wrong is refused by its place, and the mesh is as it was", () => {
  const route = "    - name: read\n";
  const saved = (): string => readFileSync(join(root, "mesh/base/inventory.yaml"), "utf8");
  const more = (kind: string, name: string, spec: string): string =>
    `${saved()}---\napiVersion: networking.istio.io/v1\nkind: ${kind}\n` +
    `metadata: {name: ${name}, namespace: symphony}\nspec: ${spec}\n`;
  const routed = (field: string): string => saved().replace(route, `${route}      ${field}\n`);
  const host = "inventory.symphony.svc.cluster.local";
  const to = (rest: string): string => `{destination: {host: ${host}, port: {number: 8080}${rest}`;

  test.each([
    [
      "an unknown field",
      () => routed("timout: 5s"),
      /spec\.http\[1\]\.timout: unknown field; allowed here: .*timeout/,
    ],
    [
      "an unknown kind",
      () => more("Sidecar", "all", "{}"),
      /kind: the kind Sidecar is not supported .*allowed: /,
    ],
    [
      "two VirtualServices for one host",
      () => more("VirtualService", "more", `{hosts: [${host}], http: [{route: [${to("}}")}]}]}`),
      /spec\.hosts: .*has another VirtualService, VirtualService symphony\/inventory/,
    ],
    [
      "a route to an unknown subset",
      () => saved().replace(`host: ${host}\n`, `host: ${host}\n            subset: nowhere\n`),
      /destination\.subset: .*"nowhere"/,
    ],
    [
      "weights that do not add up",
      () =>
        more(
          "VirtualService",
          "inventory-2",
          `{hosts: [order], http: [{route: [${to("}, weight: 90}")}, ${to("}, weight: 20}")}]}]}`,
        ),
      /spec\.http\[0\]\.route: the weights add up to 110/,
    ],
    [
      "a duration without a unit",
      () => saved().replace("timeout: 5s", "timeout: 5"),
      /\.timeout: 5 is no string; write 5s/,
    ],
    [
      "an impossible regex",
      () => routed('rewrite: {uriRegexRewrite: {match: "(a", rewrite: b}}'),
      /uriRegexRewrite\.match: no regular expression of RE2/,
    ],
    ["a tab", () => saved().replace(route, `\t- name: read\n`), /a tab; YAML is indented with spaces/],
    [
      "a key that stands twice",
      () => saved().replace("kind: VirtualService\n", "kind: VirtualService\nkind: VirtualService\n"),
      /this key stands here twice/,
    ],
  ])("%s", async (_what, wrong, message) => {
    // Not the sidecars, whose certificates are renewed meanwhile.
    const inForce = async () => ({ ...(await control.meshStatus()), sidecars: undefined });
    const before = await inForce();
    const rule = { path: "inventory.yaml", text: wrong() };
    expect(rule.text).not.toBe(saved());
    const error = await control.applyRule(rule).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "mesh.invalid", message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringMatching(/inventory\.yaml:\d+:\d+: /) });
    expect(await inForce()).toEqual(before);
    expect(statuses(await target.call("gateway", readProduct, { count: 5 }))).toEqual({ 200: 5 });
  });
});

test("what Envoy refuses is told, and the mesh is as it was", async () => {
  const yaml = readFileSync(join(root, "mesh/faults/inventory-abort.yaml"), "utf8");
  const refused = { yaml: yaml.replace("http_status: 503", "http_status: 99") };
  const inForce = async () => ({ ...(await control.meshStatus()), sidecars: undefined });
  const before = await inForce();
  const line = refused.yaml.split("\n").findIndex((text) => text.trim() === "value:") + 2;
  const words = new RegExp(
    `:${line}:\\d+: spec\\.configPatches\\[0\\]\\.patch\\.value: .*value must be inside range \\[200, 600\\)`,
  );
  await expect(target.apply(refused)).rejects.toMatchObject({
    code: "mesh.refused",
    message: expect.stringMatching(words),
  });
  expect(await inForce()).toEqual(before);
  // A file of the base is told by its own name, and forgotten once it is gone.
  const file = join(rules, "refused.yaml");
  writeFileSync(file, refused.yaml);
  const { problem } = await waitFor(
    async () => {
      const status = await control.meshStatus();
      return status.problem === undefined ? undefined : status;
    },
    { timeoutMs: 60_000, what: "the problem of the saved file" },
  );
  expect(problem).toMatch(/refused\.yaml:\d+:\d+: /);
  expect(problem).toMatch(words);
  expect({ ...(await inForce()), problem: before.problem }).toEqual(before);
  rmSync(file);
  await waitFor(async () => (await control.meshStatus()).problem === undefined);
  expect(statuses(await target.call("gateway", readProduct, { count: 5 }))).toEqual({ 200: 5 });
});

test("a fault ends by itself", async () => {
  const { until } = await control.applyFault({ name: "inventory-abort", forMs: 6000 });
  expect(Date.parse(until)).toBeGreaterThan(Date.now());
  await waitFor(async () => (await target.call("gateway", readProduct))[0]?.status === 503, {
    what: "a connection that has the fault",
  });
  const [status] = await control.faultStatus({});
  expect(status).toMatchObject({ fault: { name: "inventory-abort" }, secondsLeft: expect.any(Number) });
  await waitFor(async () => (await control.activeFaults()).length === 0, { timeoutMs: 20_000 });
  await waitFor(async () => (await target.call("gateway", readProduct))[0]?.status === 200, {
    timeoutMs: 30_000,
    what: "the breaker to close",
  });
});

test("replicas come and go under load without a failed call, and one that is killed comes back", async () => {
  const seen = await during(async () => {
    await target.scale("inventory", 2);
    expect(await target.replicas("inventory")).toMatchObject([{ ready: true }, { ready: true }]);
    await target.scale("inventory", 1);
  });
  expect(Object.keys(seen)).toEqual(["200"]);
  const [replica] = await target.replicas("inventory");
  await target.kill(replica!);
  await waitFor(async () => (await target.replicas("inventory"))[0]?.restarts === 1, { timeoutMs: 30_000 });
  await waitFor(async () => (await target.replicas("inventory"))[0]?.ready, { timeoutMs: 60_000 });
  await waitFor(async () => (await target.call("gateway", readProduct))[0]?.status === 200, {
    timeoutMs: 30_000,
  });
});
