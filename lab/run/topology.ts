import { type ServiceName, serviceNames } from "../../lib/events";
import { type LocalAddress } from "../../lib/local-http";

export type Protocol = "http" | "grpc";

type ServiceSpec = {
  /** Whether it serves gRPC too, on a port of its own (`GRPC_PORT`). */
  grpc: boolean;
  /** The environment variables that name its peers, and what each of them reaches. */
  peers: Record<string, { service: ServiceName; protocol: Protocol; path?: string }>;
};

const http = (service: ServiceName, path?: string): ServiceSpec["peers"][string] => ({
  service,
  protocol: "http",
  ...(path === undefined ? {} : { path }),
});
const grpc = (service: ServiceName): ServiceSpec["peers"][string] => ({ service, protocol: "grpc" });
const keys = http("user", "/.well-known/jwks.json");

/** Who calls whom, and through which variable: the one place that knows. */
export const topology: Record<ServiceName, ServiceSpec> = {
  gateway: {
    grpc: false,
    peers: {
      USER_URL: http("user"),
      ORDER_URL: http("order"),
      INVENTORY_URL: http("inventory"),
      PAYMENT_URL: http("payment"),
      SHIPPING_URL: http("shipping"),
      NOTIFICATION_URL: http("notification"),
      AUDIT_URL: http("audit"),
      ANALYTICS_URL: http("analytics"),
      JWKS_URL: keys,
    },
  },
  user: { grpc: false, peers: {} },
  order: {
    grpc: false,
    peers: {
      INVENTORY_URL: http("inventory"),
      INVENTORY_GRPC_TARGET: grpc("inventory"),
      PAYMENT_URL: http("payment"),
      PAYMENT_GRPC_TARGET: grpc("payment"),
      SHIPPING_URL: http("shipping"),
      SHIPPING_GRPC_TARGET: grpc("shipping"),
      JWKS_URL: keys,
    },
  },
  inventory: { grpc: true, peers: { JWKS_URL: keys } },
  payment: { grpc: true, peers: {} },
  shipping: { grpc: true, peers: {} },
  notification: { grpc: false, peers: {} },
  audit: { grpc: false, peers: {} },
  analytics: { grpc: false, peers: {} },
};

/** Peers that a service has besides, by the variable that names them. */
export type ExtraPeers = Partial<Record<ServiceName, ServiceSpec["peers"]>>;

/** Whom order calls besides where the services run as a synchronous chain (`SYNCHRONOUS_CHAIN`). */
export const chainPeers: ExtraPeers = {
  order: {
    NOTIFICATION_URL: http("notification"),
    AUDIT_URL: http("audit"),
    ANALYTICS_URL: http("analytics"),
  },
};

export type Replicas = Partial<Record<ServiceName, number>>;

/** One process of a service. The first is called like the service, the second `inventory-2`. */
export type Instance = {
  name: string;
  service: ServiceName;
  replica: number;
  /** Where it serves. */
  http: LocalAddress;
  grpc: LocalAddress | undefined;
  /** The environment variables that name its peers, and what each of them reaches. */
  peers: ServiceSpec["peers"];
};

/** Gives a process a place to serve one protocol at. */
export type TakeAddress = (name: string, protocol: Protocol) => Promise<LocalAddress>;

/** Every process to run. */
export async function planInstances(
  replicas: Replicas,
  take: TakeAddress,
  extra: ExtraPeers = {},
): Promise<Instance[]> {
  const instances: Instance[] = [];
  for (const service of serviceNames)
    for (let replica = 1; replica <= (replicas[service] ?? 1); replica += 1)
      instances.push(await planInstance(service, replica, take, extra));
  return instances;
}

/** One process: the `replica`-th of a service, counted from 1. */
export async function planInstance(
  service: ServiceName,
  replica: number,
  take: TakeAddress,
  extra: ExtraPeers = {},
): Promise<Instance> {
  const name = replica === 1 ? service : `${service}-${String(replica)}`;
  return {
    name,
    service,
    replica,
    http: await take(name, "http"),
    grpc: topology[service].grpc ? await take(name, "grpc") : undefined,
    peers: { ...topology[service].peers, ...extra[service] },
  };
}

/** Where a caller reaches a service: `http://host:port`, or a gRPC target. */
export type FindPeer = (caller: Instance, callee: ServiceName, protocol: Protocol) => string;

/**
 * Straight to the processes: HTTP to the one port of a service (`httpPorts`, a balancer's where it has
 * replicas), gRPC to all replicas, among which the client itself goes round. Whoever starts the services
 * may pass another function and so put a sidecar behind each address.
 */
export function directPeers(instances: Instance[], httpPorts: Record<ServiceName, number>): FindPeer {
  return (_caller, callee, protocol) => {
    if (protocol === "http") return `http://127.0.0.1:${String(httpPorts[callee])}`;
    return instances
      .filter((instance) => instance.service === callee)
      .flatMap(({ grpc }) =>
        grpc !== undefined && "port" in grpc ? [`${grpc.host}:${String(grpc.port)}`] : [],
      )
      .join(",");
  };
}

/** The peer variables of one process. */
export function peerEnvironment(caller: Instance, findPeer: FindPeer): Record<string, string> {
  return Object.fromEntries(
    Object.entries(caller.peers).map(([name, peer]) => [
      name,
      findPeer(caller, peer.service, peer.protocol) + (peer.path ?? ""),
    ]),
  );
}

/** Reads `inventory=2`; undefined where it names no service or no number from 1 to 9. */
export function parseReplicas(text: string): { service: ServiceName; count: number } | undefined {
  const [name, number, ...rest] = text.split("=");
  const service = serviceNames.find((known) => known === name);
  if (service === undefined || rest.length > 0 || !/^[1-9]$/.test(number ?? "")) return undefined;
  return { service, count: Number(number) };
}
