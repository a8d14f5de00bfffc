import { serviceNames } from "../../lib/events";
import { type LocalAddress } from "../../lib/local-http";
import { directPeers, parseReplicas, peerEnvironment, planInstances, topology } from "./topology";

const portOf = (address: LocalAddress | undefined) =>
  address !== undefined && "port" in address ? address.port : 0;

async function plan(replicas = {}) {
  let port = 1000;
  const instances = await planInstances(replicas, () => Promise.resolve({ host: "127.0.0.1", port: ++port }));
  const httpPorts = Object.fromEntries(
    serviceNames.map((name) => [name, portOf(instances.find(({ service }) => service === name)!.http)]),
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
    .flatMap(({ http, grpc }) => [portOf(http), portOf(grpc)])
    .filter((port) => port !== 0);
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
    `127.0.0.1:${String(portOf(find("inventory").grpc))},127.0.0.1:${String(portOf(find("inventory-2").grpc))}`,
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
