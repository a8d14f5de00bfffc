import { type ServiceName, serviceNames } from "../../lib/events";
import { type Replicas, topology } from "../run/topology";
import { collectorAt } from "./collector";
import { type MeshConfig, type MeshService, type Workload, type World } from "./types";

const namespace = "symphony";
const domain = "svc.cluster.local";
const httpPort = 8080;
const grpcPort = 9090;

/** What a service is called within the mesh. */
export const hostOf = (service: ServiceName): string => `${service}.${namespace}.${domain}`;

type PlanOptions = { replicas?: Replicas; meshConfig?: MeshConfig };

/**
 * The world as it would be: every service with its replicas, the ingress, and who collects spans, at ports that are
 * placeholders. For looking at what YAML becomes while nothing runs.
 */
export function planWorld({ replicas = {}, meshConfig = {} }: PlanOptions = {}): World {
  // From 20000 upwards, in the order in which they are asked for: the same world every time.
  let port = 20_000;
  const address = (): { host: string; port: number } => ({ host: "127.0.0.1", port: (port += 1) });
  const workloads = serviceNames.flatMap((service) => {
    const count = replicas[service] ?? 1;
    return Array.from({ length: count }, (_, index) => planWorkload(service, index, address));
  });
  const ingress = planIngress(address());
  const collector = collectorAt(address());
  return {
    trustDomain: "cluster.local",
    meshConfig,
    services: [...serviceNames.map(planService), collector.service],
    workloads: [...workloads, ingress, collector.workload],
  };
}

function planService(service: ServiceName): MeshService {
  return {
    host: hostOf(service),
    namespace,
    ports: [
      { number: httpPort, name: "http", protocol: "http" },
      ...(topology[service].grpc ? [{ number: grpcPort, name: "grpc", protocol: "grpc" as const }] : []),
    ],
    selector: { "app.kubernetes.io/name": service },
    meshed: true,
  };
}

function planWorkload(
  service: ServiceName,
  index: number,
  address: () => { host: string; port: number },
): Workload {
  const { grpc, peers } = topology[service];
  const reached = new Map(
    Object.values(peers).map(({ service: peer, protocol }) => {
      const port = protocol === "grpc" ? grpcPort : httpPort;
      return [`${peer}:${String(port)}`, { host: hostOf(peer), port }];
    }),
  );
  return {
    name: index === 0 ? service : `${service}-${String(index + 1)}`,
    namespace,
    serviceAccount: service,
    kind: "sidecar",
    labels: { "app.kubernetes.io/name": service, "symphony.dev/track": "stable" },
    inbound: (grpc ? [httpPort, grpcPort] : [httpPort]).map((port) => ({
      port,
      listen: address(),
      application: address(),
    })),
    outbound: [...reached.values()].map((peer) => ({ ...peer, listen: address() })),
  };
}

function planIngress(listen: { host: string; port: number }): Workload {
  return {
    name: "ingress",
    namespace: "istio-system",
    serviceAccount: "istio-ingressgateway",
    kind: "gateway",
    labels: { app: "istio-ingressgateway", istio: "ingressgateway" },
    inbound: [],
    outbound: [],
    gatewayPorts: [{ port: 80, listen }],
  };
}
