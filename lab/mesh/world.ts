import { type ServiceName, serviceNames } from "../../lib/events";
import { collectorAt } from "../compile/collector";
import type { Address, MeshConfig, MeshService, Workload, World } from "../compile/types";
import { type Instance, topology } from "../run/topology";

export const trustDomain = "cluster.local";
export const namespaces = { services: "symphony", ingress: "istio-system" } as const;
export const ports = { http: 8080, grpc: 9090, ingress: 80 } as const;
export const ingressName = "ingress";

/** A host of the mesh and one of its ports, as its callers name it. */
export type Peer = { service: ServiceName; port: number };

/** Something with a sidecar of its own. */
export type Member = {
  name: string;
  serviceAccount: string;
  labels: Record<string, string>;
  /** The process behind the sidecar; a caller that is none has nothing behind it. */
  instance?: Instance;
  /** Whom it can call. */
  peers: Peer[];
};

/** `inventory.symphony.svc.cluster.local` */
export const hostOf = (service: ServiceName): string =>
  `${service}.${namespaces.services}.svc.${trustDomain}`;

/** The labels that charts/service gives a pod, as far as rules may select by them. */
export function labelsOf(service: string): Record<string, string> {
  return {
    "app.kubernetes.io/name": service,
    "app.kubernetes.io/instance": "symphony",
    "app.kubernetes.io/part-of": "symphony",
    "symphony.dev/track": "stable",
  };
}

/** Whom a service calls, without doubles. */
export function peersOf({ peers: named }: Pick<Instance, "peers">): Peer[] {
  const peers = new Map<string, Peer>();
  for (const { service: callee, protocol } of Object.values(named)) {
    const peer = { service: callee, port: ports[protocol] };
    peers.set(`${peer.service}:${String(peer.port)}`, peer);
  }
  return [...peers.values()];
}

/** The member that a process of a service is. */
export function memberOf(instance: Instance): Member {
  return {
    name: instance.name,
    serviceAccount: instance.service,
    labels: labelsOf(instance.service),
    instance,
    peers: peersOf(instance),
  };
}

/** Every service with its ports, as Kubernetes' Services say it. */
export function meshServices(): MeshService[] {
  return serviceNames.map((service) => ({
    host: hostOf(service),
    namespace: namespaces.services,
    ports: [
      { number: ports.http, name: "http", protocol: "http" as const },
      ...(topology[service].grpc ? [{ number: ports.grpc, name: "grpc", protocol: "grpc" as const }] : []),
    ],
    selector: { "app.kubernetes.io/name": service, "app.kubernetes.io/part-of": "symphony" },
    meshed: true,
  }));
}

/** Gives the loopback port for a purpose such as `order out inventory:9090`; the same one each time. */
export type TakePort = (purpose: string) => Promise<number>;

const loopback = (port: number): Address => ({ host: "127.0.0.1", port });

/**
 * What the compiler is to know about what runs here. `ingressPort` is where users come in, `collectorPort` where spans
 * go; without it none are sent.
 */
export async function buildWorld(options: {
  members: readonly Member[];
  meshConfig: MeshConfig;
  ingressPort: number;
  collectorPort?: number | undefined;
  takePort: TakePort;
}): Promise<World> {
  const workloads: Workload[] = [ingress(options.ingressPort)];
  const { takePort, collectorPort } = options;
  for (const { name, serviceAccount, labels, instance, peers } of options.members) {
    const served = instance === undefined ? [] : servedBy(instance);
    workloads.push({
      name,
      namespace: namespaces.services,
      serviceAccount,
      kind: "sidecar",
      labels,
      inbound: await all(served, async ({ port, application }) => ({
        port,
        listen: loopback(await takePort(`${name} in ${String(port)}`)),
        application,
      })),
      outbound: await all(peers, async ({ service, port }) => ({
        host: hostOf(service),
        port,
        listen: loopback(await takePort(outboundPurpose(name, { service, port }))),
      })),
    });
  }
  const services = meshServices();
  if (collectorPort !== undefined) {
    const collector = collectorAt(loopback(collectorPort));
    services.push(collector.service);
    workloads.push(collector.workload);
  }
  return { trustDomain, meshConfig: options.meshConfig, services, workloads };
}

/** The purpose under which the port is taken that leads from a sidecar to a peer. */
export function outboundPurpose(name: string, { service, port }: Peer): string {
  return `${name} out ${service}:${String(port)}`;
}

function servedBy({ http, grpc }: Instance): { port: number; application: Address }[] {
  return [
    { port: ports.http, application: http },
    ...(grpc === undefined ? [] : [{ port: ports.grpc, application: grpc }]),
  ];
}

function ingress(port: number): Workload {
  return {
    name: ingressName,
    namespace: namespaces.ingress,
    serviceAccount: "istio-ingressgateway",
    kind: "gateway",
    labels: { app: "istio-ingressgateway", istio: "ingressgateway" },
    inbound: [],
    outbound: [],
    gatewayPorts: [{ port: ports.ingress, listen: loopback(port) }],
  };
}

async function all<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  return Promise.all(items.map(work));
}
