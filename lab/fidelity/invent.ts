import { stringify } from "yaml";

import {
  type MeshConfig,
  type MeshService,
  type SourceFile,
  type Workload,
  type World,
} from "../compile/types";
import { type Brought } from "./brought";
import { type Draft, draftServices, hostOf } from "./drafts";
import { fullName, labelsOf, type Named, namedBy } from "./named";
import { objectOf, objectsOf } from "./reduce/json";

const tcpPorts: readonly number[] = [3306, 4222, 5432, 6379, 9092, 27017];
const grpcPorts: readonly number[] = [9090, 50051];

/** What is made up around objects: the services and workloads that they name, and what they refer to but do not hold. */
export type Invented = { world: World; files: SourceFile[] };

/** A world in which `objects` mean something: whatever they name is there, and somebody calls it. */
export function invent(objects: Brought[], meshConfig: MeshConfig): Invented {
  const named = objects.map(namedBy);
  const services = draftServices(objects, named);
  const entries = objects.filter(({ kind }) => kind === "ServiceEntry").flatMap(entryPeers);
  const providers = [...new Set(named.flatMap((one) => one.providers))];
  if (providers.length > 0) services.push(collector);
  const namespaces = new Set(objects.map(({ namespace }) => namespace));
  return {
    world: {
      trustDomain: "cluster.local",
      meshConfig: { ...meshConfig, extensionProviders: providers.map(toProvider) },
      services: services.map(toService),
      workloads: numbered([
        ...services.flatMap(toWorkloads),
        ...toCallers([...namespaces], named, [...peersOf(services), ...entries]),
        ...toGateways(objects, named),
      ]),
    },
    files: [...missingGateways(objects, named), ...missingSubsets(objects, named)],
  };
}

const collector: Draft = { name: "collector", namespace: "telemetry", ports: new Set([4317]), variants: [] };

const toProvider = (name: string): { name: string; opentelemetry: { service: string; port: number } } => ({
  name,
  opentelemetry: { service: hostOf(collector), port: 4317 },
});

const protocolOf = (port: number): "http" | "grpc" | "tcp" =>
  tcpPorts.includes(port) ? "tcp" : grpcPorts.includes(port) || port === 4317 ? "grpc" : "http";

function toService(draft: Draft): MeshService {
  return {
    host: hostOf(draft),
    namespace: draft.namespace,
    ports: [...draft.ports]
      .sort((a, b) => a - b)
      .map((number) => ({
        number,
        name: `${protocolOf(number)}-${String(number)}`,
        protocol: protocolOf(number),
      })),
    selector: { "made-up": draft.name },
    meshed: draft !== collector,
  };
}

type Unplaced = Omit<Workload, "inbound" | "outbound" | "gatewayPorts"> & {
  ports: number[];
  peers: { host: string; port: number }[];
};

function toWorkloads({ name, namespace, ports, variants }: Draft): Unplaced[] {
  const distinct = new Map([{}, ...variants].map((labels) => [JSON.stringify(labels), labels]));
  // Without a variant of their own, the labels that people use by habit.
  return [...distinct.values()].map((labels, index) => ({
    name: `${name}-${namespace}${index === 0 ? "" : `-${String(index)}`}`,
    namespace,
    serviceAccount: name,
    kind: "sidecar",
    labels: { app: name, ...labels, "made-up": name },
    ports: [...ports],
    peers: [],
  }));
}

const peersOf = (services: Draft[]): Unplaced["peers"] =>
  services.flatMap((draft) => [...draft.ports].map((port) => ({ host: hostOf(draft), port })));

function entryPeers({ spec }: Brought): Unplaced["peers"] {
  const hosts = Array.isArray(spec.hosts) ? spec.hosts.map(String) : [];
  const ports = objectsOf(spec.ports).flatMap(({ number }) => (typeof number === "number" ? [number] : []));
  return hosts.flatMap((host) => ports.map((port) => ({ host, port })));
}

/** One in each namespace, and one with each set of labels that a route asks for. */
function toCallers(namespaces: string[], named: Named[], peers: Unplaced["peers"]): Unplaced[] {
  const plain = namespaces.map((namespace) => ({ namespace, labels: {} }));
  return [...plain, ...named.flatMap(({ callers }) => callers)].map(({ namespace, labels }, index) => ({
    name: `caller-${namespace}-${String(index)}`,
    namespace,
    serviceAccount: "caller",
    kind: "sidecar",
    labels: { app: "caller", ...labels },
    ports: [],
    peers,
  }));
}

const ingressLabels = { istio: "ingressgateway" };

function toGateways(objects: Brought[], named: Named[]): Unplaced[] {
  const own = objects.filter(({ kind }) => kind === "Gateway");
  const selectors = own.map(({ spec }) => labelsOf(spec.selector));
  if (missingGateways(objects, named).length > 0) selectors.push(ingressLabels);
  const distinct = new Map(selectors.map((labels) => [JSON.stringify(labels), labels]));
  const ports = own.flatMap(({ spec }) =>
    objectsOf(spec.servers).map(({ port }) => Number(objectOf(port).number)),
  );
  return [...distinct.values()].map((labels, index) => ({
    name: `ingress-${String(index)}`,
    namespace: "istio-system",
    serviceAccount: "ingress",
    kind: "gateway",
    labels,
    ports: [...new Set([80, ...ports])],
    peers: [],
  }));
}

/** Gives each workload addresses of its own. */
function numbered(workloads: Unplaced[]): Workload[] {
  let port = 20_000;
  const address = (): { host: string; port: number } => ({ host: "127.0.0.1", port: (port += 1) });
  return workloads.map(({ ports, peers, ...workload }) => {
    const isGateway = workload.kind === "gateway";
    return {
      ...workload,
      inbound: isGateway
        ? []
        : ports.map((number) => ({ port: number, listen: address(), application: address() })),
      outbound: peers.map((peer) => ({ ...peer, listen: address() })),
      ...(isGateway && { gatewayPorts: ports.map((number) => ({ port: number, listen: address() })) }),
    };
  });
}

const isThere = (
  objects: Brought[],
  kind: string,
  { namespace, name }: { namespace: string; name: string },
) => objects.some((one) => one.kind === kind && one.namespace === namespace && one.name === name);

function missingGateways(objects: Brought[], named: Named[]): SourceFile[] {
  const missing = named
    .flatMap((one) => one.gateways)
    .filter((gateway) => !isThere(objects, "Gateway", gateway));
  const distinct = new Map(missing.map((gateway) => [`${gateway.namespace}/${gateway.name}`, gateway]));
  return [...distinct].map(([path, metadata]) =>
    madeUp(path, {
      apiVersion: "networking.istio.io/v1",
      kind: "Gateway",
      metadata,
      spec: {
        selector: ingressLabels,
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }],
      },
    }),
  );
}

function missingSubsets(objects: Brought[], named: Named[]): SourceFile[] {
  const ruled = objects
    .filter(({ kind }) => kind === "DestinationRule")
    .map(({ spec, namespace }) => fullName(String(spec.host), namespace));
  const subsets = new Map<string, Set<string>>();
  for (const { host, subset } of named.flatMap((one) => one.hosts))
    if (subset !== undefined && !ruled.includes(host))
      subsets.set(host, (subsets.get(host) ?? new Set()).add(subset));
  return [...subsets].map(([host, names]) =>
    madeUp(host, {
      apiVersion: "networking.istio.io/v1",
      kind: "DestinationRule",
      metadata: { name: host.split(".")[0] ?? host, namespace: host.split(".")[1] ?? "default" },
      spec: { host, subsets: [...names].map((name) => ({ name, labels: { version: name } })) },
    }),
  );
}

const madeUp = (name: string, object: object): SourceFile => ({
  path: `(made up: ${name})`,
  text: stringify(object),
});
