import { serviceNames } from "../../lib/events";
import { directPeers, parseReplicas, peerEnvironment, planInstances, topology } from "./topology";

async function plan(replicas = {}) {
  let port = 1000;
  const instances = await planInstances(replicas, () => Promise.resolve(++port));
  const httpPorts = Object.fromEntries(
    serviceNames.map((name) => [name, instances.find((instance) => instance.service === name)!.port]),
  ) as Record<(typeof serviceNames)[number], number>;
  return {
    instances,
    httpPorts,
    find: (name: string) => instances.find((instance) => instance.name === name)!,
  };
}

test("each service runs once unless told otherwise, on ports of its own", async () => {
  const { instances } = await plan({ inventory: 3 });
  expect(instances.map((instance) => instance.name)).toEqual([
    "gateway",
    "user",
    "order",
    "inventory",
    "inventory-2",
    "inventory-3",
    "payment",
    "shipping",
    "notification",
    "audit",
    "analytics",
  ]);
  const ports = instances
    .flatMap((instance) => [instance.port, instance.grpcPort])
    .filter((port) => port !== undefined);
  expect(new Set(ports).size).toBe(ports.length);
});

test("a gRPC peer is all its replicas, an HTTP peer one address", async () => {
  const { instances, httpPorts, find } = await plan({ inventory: 2 });
  const environment = peerEnvironment(
    find("order"),
    directPeers(instances, { ...httpPorts, inventory: 5000 }),
  );
  expect(environment.INVENTORY_URL).toBe("http://127.0.0.1:5000");
  expect(environment.INVENTORY_GRPC_TARGET).toBe(
    `127.0.0.1:${String(find("inventory").grpcPort)},127.0.0.1:${String(find("inventory-2").grpcPort)}`,
  );
  expect(environment.JWKS_URL).toBe(`http://127.0.0.1:${String(httpPorts.user)}/.well-known/jwks.json`);
});

test("whoever starts the services decides what stands behind each peer", async () => {
  const { find } = await plan();
  const environment = peerEnvironment(
    find("gateway"),
    (caller, callee) => `http://sidecar-of-${caller.name}/${callee}`,
  );
  expect(environment.ORDER_URL).toBe("http://sidecar-of-gateway/order");
  expect(environment.JWKS_URL).toBe("http://sidecar-of-gateway/user/.well-known/jwks.json");
});

test("no two services call each other synchronously", () => {
  const calls = serviceNames.flatMap((caller) =>
    Object.values(topology[caller].peers).map((peer) => [caller, peer.service] as const),
  );
  for (const [caller, callee] of calls) expect(calls).not.toContainEqual([callee, caller]);
});

test.each([
  ["inventory=2", { service: "inventory", count: 2 }],
  ["gateway=9", { service: "gateway", count: 9 }],
  ["inventory", undefined],
  ["inventory=0", undefined],
  ["inventory=10", undefined],
  ["inventory=2=3", undefined],
  ["nobody=2", undefined],
  ["", undefined],
])("replicas %j are %j", (text, expected) => {
  expect(parseReplicas(text)).toEqual(expected);
});
