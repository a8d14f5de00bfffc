import { type Address, type Workload } from "../types";
import { type Identity, type Origin, type Percent } from "./common";
import { type FilterPatch, type Telemetry } from "./extensions";
import {
  type MeshSettings,
  type Protocol,
  type Service,
  type ServiceEndpoint,
  type TracingProvider,
} from "./mesh";
import {
  type Destination,
  type DirectResponse,
  type Forward,
  type HttpRoute,
  type Redirect,
  type RouteMatch,
  type Target,
} from "./routing";
import { type AuthorizationPolicy, type JwtRule, type MutualTlsMode } from "./security";
import { type ConnectionPool, type HashKey, type TrafficSettings } from "./traffic";

/** All that holds for one Envoy, precedence and defaults resolved: what is left is to write it down. */
export type Proxy = {
  workload: Workload;
  trustDomain: string;
  settings: MeshSettings;
  inbound: InboundPort[];
  outbound: OutboundPort[];
  ingress: IngressPort[];
  upstreams: Upstream[];
  authorization: AuthorizationPolicy[];
  jwt: { rule: JwtRule; origin: Origin }[];
  tracing: Tracing | undefined;
  patches: OwnedPatch[];
};

export type InboundPort = {
  port: number;
  protocol: Protocol;
  listen: Address;
  application: Address;
  /** The service it belongs to; undefined for a port that no service names. */
  service: Service | undefined;
  mode: MutualTlsMode;
  modeOrigin: Origin | undefined;
  traffic: TrafficSettings;
  rule: Identity | undefined;
};

export type OutboundPort = {
  host: string;
  port: number;
  protocol: Protocol;
  listen: Address;
  /** Of a TCP port there are none: what comes in goes to the host's cluster. */
  routes: Route[];
  /** What the host's rule says of the connections that an application opens; only of a TCP port. */
  connections?: TcpConnections;
};

export type TcpConnections = { pool: ConnectionPool | undefined; hash: HashKey | undefined };

export type IngressPort = {
  port: number;
  listen: Address;
  origin: Origin;
  virtualHosts: { host: string; routes: Route[] }[];
};

/** A route of one listener. `owner` is absent for the default one, which is there without a VirtualService. */
export type Route = {
  name: string;
  owner: Identity | undefined;
  origin: Origin | undefined;
  match: RouteMatch | undefined;
  action: ResolvedForward | Redirect | DirectResponse;
  headers: HttpRoute["headers"];
  fault: HttpRoute["fault"];
  cors: HttpRoute["cors"];
  /** The port of the listener. */
  port: number;
};

export type ResolvedForward = Omit<Forward, "destinations" | "mirrors"> & {
  destinations: (Omit<Destination, "host" | "subset" | "port"> & {
    target: Target;
    /** What consistent hashing goes by, where there is some. */
    hash: HashKey | undefined;
  })[];
  mirrors: { target: Target; percent: Percent }[];
  /** What a client of this listener calls the host; undefined where the request says it itself. */
  authority: string | undefined;
};

/** What a proxy may send requests to: a service's port, or a subset behind it. */
export type Upstream = {
  target: Target;
  service: Service;
  protocol: Protocol;
  endpoints: UpstreamEndpoint[];
  traffic: TrafficSettings;
  /** Whether mutual TLS is spoken to each endpoint that has a sidecar, where `traffic.tls` is silent. */
  autoMutualTls: boolean;
  /** Identities of the endpoints: who may answer. */
  identities: string[];
  rule: Identity | undefined;
  origin: Origin | undefined;
};

/** `mutualTls`: whether it takes the mesh's TLS at the port that is meant. */
export type UpstreamEndpoint = ServiceEndpoint & { mutualTls: boolean };

export type Tracing = {
  provider: string;
  collector: Target & TracingProvider;
  percent: Percent;
  customTags: NonNullable<Telemetry["tracing"]>["customTags"];
  origin: Origin;
};

export type OwnedPatch = FilterPatch & { owner: Identity };
