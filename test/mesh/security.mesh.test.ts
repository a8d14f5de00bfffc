import { request } from "node:http";

import { createShopClient } from "../../lab/load/client";
import { type Call, type MeshTarget } from "../../lab/target/target";
import { type ServiceName, serviceNames } from "../../lib/events";
import { added, breakersClosed, callOnce, inbound, nobody, readRules, toYaml, under } from "../support/mesh";
import { openTarget } from "../support/mesh-target";
import { waitFor } from "../support/wait-for";

jest.setTimeout(120_000);

let target: MeshTarget;
beforeAll(async () => {
  target = await openTarget();
  await breakersClosed(target, ["gateway", "order"]);
});
afterAll(() => target?.close());

/** What each service answers to somebody whom it may answer. */
const openPath: Record<ServiceName, string> = {
  gateway: "/health",
  user: "/.well-known/jwks.json",
  order: "/orders",
  inventory: "/inventory",
  payment: `/payments/${nobody}`,
  shipping: `/shipments/${nobody}`,
  notification: "/notifications",
  audit: "/readyz",
  analytics: "/readyz",
};

describe("a caller without a certificate of the mesh", () => {
  const name = "plaintext";
  beforeAll(() => target.startStranger({ name, sidecar: false, network: true }));
  afterAll(() => target.stopStranger(name));

  test.each(serviceNames)("gets no connection to %s", async (service) => {
    const { result, delta } = await added(
      target,
      { requests: { of: service, name: inbound(8080, "downstream_rq_total") } },
      () => callOnce(target, name, { to: `${service}:8080`, path: openPath[service], timeoutMs: 3000 }),
    );
    expect(result).toMatchObject({ status: 0 });
    expect(delta).toEqual({ requests: 0 });
  });
});

describe("a caller of the mesh that nobody expects", () => {
  const name = "stranger";
  beforeAll(() => target.startStranger({ name, sidecar: true, network: true }));
  afterAll(() => target.stopStranger(name));

  test.each(serviceNames)("is refused by %s", async (service) => {
    const answer = await callOnce(target, name, { to: `${service}:8080`, path: openPath[service] });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain("RBAC: access denied");
  });
});

describe("a service is let in by its identity", () => {
  const readPayment: Call = { to: "payment:8080", path: `/payments/${nobody}` };
  const charge: Call = { to: "payment:8080", method: "POST", path: "/payments", body: {} };
  const reserve: Call = { to: "inventory:8080", method: "POST", path: "/reservations", body: {} };
  const readProduct: Call = { to: "inventory:8080", path: "/inventory/espresso-machine" };
  const readKeys: Call = { to: "user:8080", path: "/.well-known/jwks.json" };
  const readUser: Call = { to: "user:8080", path: "/users/me" };
  const restock: Call = {
    to: "inventory:8080",
    method: "POST",
    path: "/inventory/espresso-machine/restock",
    body: {},
  };

  test.each([
    ["gateway", "reads a payment", readPayment, 404],
    ["order", "reads no payment", readPayment, 403],
    ["order", "charges", charge, 400],
    ["gateway", "charges nobody", charge, 403],
    ["order", "reserves", reserve, 400],
    ["gateway", "reserves nothing", reserve, 403],
    ["gateway", "reads a product", readProduct, 200],
    ["gateway", "supplies nothing", restock, 403],
    ["inventory", "reads the token keys", readKeys, 200],
    ["inventory", "reads no user", readUser, 403],
    ["gateway", "asks for a user", readUser, 401],
  ])("%s %s", async (caller, _, call, status) => {
    expect(await callOnce(target, caller, call)).toMatchObject({ status });
  });

  const check = { product_id: "espresso-machine", quantity: 1 };
  test.each([
    [
      "order",
      "checks the stock by RPC",
      "inventory:9090",
      "inventory.v1.InventoryService/CheckAvailability",
      0,
    ],
    // 7 PERMISSION_DENIED
    [
      "gateway",
      "checks no stock by RPC",
      "inventory:9090",
      "inventory.v1.InventoryService/CheckAvailability",
      7,
    ],
    ["gateway", "charges nobody by RPC", "payment:9090", "payment.v1.PaymentService/Charge", 7],
  ])("%s %s", async (caller, _, to, rpc, status) => {
    const message = rpc.includes("Check") ? check : {};
    expect(await callOnce(target, caller, { to, rpc: `symphony.${rpc}`, message })).toMatchObject({ status });
  });
});

describe("no spelling of a path leads around the rules", () => {
  const reservations = `/reservations/${nobody}`;
  /** The gateway may read /inventory/* and nothing else of inventory. */
  const tricks = [
    reservations,
    `/${reservations}`,
    `/inventory/..${reservations}`,
    `/inventory/%2e%2e${reservations}`,
    `/inventory/%2E%2E%2Freservations%2F${nobody}`,
    `/inventory/..%2Freservations/${nobody}`,
    `/inventory%2F..%2Freservations/${nobody}`,
    `/inventory/..%5Creservations/${nobody}`,
    `/inventory/..\\reservations/${nobody}`,
    `/inventory//..//..${reservations}`,
    `/./reservations/${nobody}`,
    `/reservations//${nobody}`,
    `/reservations%2F${nobody}`,
    `/%72eservations/${nobody}`,
    `/Reservations/${nobody}`,
    `/RESERVATIONS/${nobody}`,
    `/inventory/../metrics`,
    `//metrics`,
    `/METRICS`,
    `/inventory/x/../../livez`,
  ];

  test.each(tricks)("%s", async (path) => {
    const answer = await callOnce(target, "gateway", { to: "inventory:8080", path });
    // Refused by the sidecar, or normalised to what may be asked for and does not exist; never the reservation.
    expect([400, 403, 404]).toContain(answer.status);
    expect(answer.body).not.toContain("reservation.not_found");
    if (answer.status === 404) expect(answer.body).toMatch(/(product|route)\.not_found/);
  });

  test.each([
    "/%6Frders",
    "//orders",
    "/inventory/..%2Forders",
    "/inventory/../orders",
    "/Orders",
    "/ORDERS",
  ])("at the edge, without a token: /api%s", async (path) => {
    const url = new URL(await target.ingressUrl());
    const to = `${url.hostname}:${url.port || "80"}`;
    const answer = await callFromOutside(to, `/api${path}`);
    expect([401, 403]).toContain(answer);
  });
});

test("the ingress keeps the token keys while they cannot be fetched, for longer than they are valid", async () => {
  const cacheSeconds = 6;
  const keys = toYaml(readRules("EnvoyFilter", ["mesh/base/edge.yaml"]));
  const yaml = keys.replace("cache_duration: 300s", `cache_duration: ${cacheSeconds}s`);
  expect(yaml).not.toBe(keys);
  const shop = createShopClient({ url: await target.ingressUrl() });
  try {
    const token = await shop.enter({ email: `keys-${Date.now()}@symphony.example`, password: "a-password" });
    await target.apply({ yaml });
    expect(await shop.listOrders(token)).toEqual([]);
    await under(target, { file: "mesh/faults/user-jwks-outage.yaml" }, async () => {
      const expired = Date.now() + 2 * cacheSeconds * 1000;
      const fetches = { of: "user" as const, name: inbound(8080, "fault\\.aborts_injected") };
      const { delta } = await added(target, { fetches }, () =>
        waitFor(() => Date.now() > expired, { timeoutMs: 60_000, what: "the keys to outlive their time" }),
      );
      expect(await shop.listOrders(token)).toEqual([]);
      expect(delta.fetches).toBeGreaterThan(0);
    });
  } finally {
    shop.close();
    await target.apply({ yaml: keys });
    await breakersClosed(target, ["ingress"]);
  }
});

/** A GET whose path is sent as it stands; its status. */
function callFromOutside(to: string, path: string): Promise<number> {
  const [host, port] = to.split(":");
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject).end();
  });
}
