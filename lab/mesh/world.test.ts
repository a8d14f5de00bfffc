import { chainPeers, planInstances } from "../run/topology";
import { buildWorld, hostOf, memberOf, peersOf } from "./world";

async function world(collectorPort?: number) {
  const instances = await planInstances({ inventory: 2 }, (name, protocol) =>
    Promise.resolve({ pipe: `/run/${name}.${protocol}` }),
  );
  let next = 10_000;
  const taken = new Map<string, number>();
  const takePort = (purpose: string) => {
    const port = taken.get(purpose) ?? next++;
    taken.set(purpose, port);
    return Promise.resolve(port);
  };
  const members = instances.map(memberOf);
  const built = await buildWorld({
    ...{ members, meshConfig: {}, ingressPort: 8080, collectorPort, takePort },
  });
  return { ...built, find: (name: string) => built.workloads.find((workload) => workload.name === name)! };
}

test("a replica is a workload of its own, with the labels and the identity of its service", async () => {
  const { find } = await world();
  const second = find("inventory-2");
  expect(second).toMatchObject({
    namespace: "symphony",
    serviceAccount: "inventory",
    kind: "sidecar",
    labels: {
      "app.kubernetes.io/name": "inventory",
      "app.kubernetes.io/part-of": "symphony",
      "symphony.dev/track": "stable",
    },
  });
  expect(second.inbound.map(({ port, application }) => [port, application])).toEqual([
    [8080, { pipe: "/run/inventory-2.http" }],
    [9090, { pipe: "/run/inventory-2.grpc" }],
  ]);
  expect(find("inventory").inbound[0]?.listen).not.toEqual(second.inbound[0]?.listen);
});

test("a sidecar offers the peers of its service, each at an address of its own", async () => {
  const { find, workloads } = await world();
  expect(find("order").outbound.map(({ host, port }) => `${host}:${port}`)).toEqual([
    "inventory.symphony.svc.cluster.local:8080",
    "inventory.symphony.svc.cluster.local:9090",
    "payment.symphony.svc.cluster.local:8080",
    "payment.symphony.svc.cluster.local:9090",
    "shipping.symphony.svc.cluster.local:8080",
    "shipping.symphony.svc.cluster.local:9090",
    "user.symphony.svc.cluster.local:8080",
  ]);
  expect(find("payment").outbound).toEqual([]);
  const addresses = workloads.flatMap(({ inbound, outbound }) =>
    [...inbound, ...outbound].map(({ listen }) => JSON.stringify(listen)),
  );
  expect(new Set(addresses).size).toBe(addresses.length);
});

test("users come in at the ingress, on port 80 of the Gateway", async () => {
  const { find } = await world();
  expect(find("ingress")).toMatchObject({
    namespace: "istio-system",
    serviceAccount: "istio-ingressgateway",
    kind: "gateway",
    labels: { app: "istio-ingressgateway", istio: "ingressgateway" },
    gatewayPorts: [{ port: 80, listen: { host: "127.0.0.1", port: 8080 } }],
  });
});

test("services have the ports of the charts", async () => {
  const { services } = await world();
  const inventory = services.find(({ host }) => host === hostOf("inventory"));
  expect(inventory?.ports).toEqual([
    { number: 8080, name: "http", protocol: "http" },
    { number: 9090, name: "grpc", protocol: "grpc" },
  ]);
  expect(services.find(({ host }) => host === hostOf("audit"))?.ports).toHaveLength(1);
});

test("the synchronous chain adds callees of order, and no others", async () => {
  const take = () => Promise.resolve({ pipe: "/run/any" });
  const [usual, chained] = await Promise.all([planInstances({}, take), planInstances({}, take, chainPeers)]);
  const calleesOf = (instances: typeof usual, name: string) =>
    peersOf(instances.find((instance) => instance.name === name)!).map(({ service }) => service);
  const added = calleesOf(chained, "order").filter((callee) => !calleesOf(usual, "order").includes(callee));
  expect(added).toEqual(["notification", "audit", "analytics"]);
  expect(calleesOf(chained, "user")).toEqual([]);
});

test("who collects spans is there by the name that the cluster has for it, and only where somebody collects", async () => {
  const host = "otel-collector.symphony-platform.svc.cluster.local";
  const { services, find } = await world(4000);
  expect(services.find((service) => service.host === host)).toMatchObject({
    meshed: false,
    ports: [{ number: 4318, protocol: "http" }],
  });
  expect(find("otel-collector").inbound[0]?.application).toEqual({ host: "127.0.0.1", port: 4000 });
  expect((await world()).services.map((service) => service.host)).not.toContain(host);
});
