import { type Address, type Workload } from "../types";
import { type Identity, type Labels, type Origin } from "./common";
import { type EnvoyFilter, type Telemetry } from "./extensions";
import { type Gateway, type VirtualService } from "./routing";
import { type AuthorizationPolicy, type PeerAuthentication, type RequestAuthentication } from "./security";
import { type DestinationRule } from "./traffic";

/** How a port is spoken to: the same as its Kubernetes port says by name. */
export type Protocol = "http" | "grpc" | "tcp";

export type Service = {
  host: string;
  namespace: string;
  ports: ServicePort[];
  endpoints: ServiceEndpoint[];
  /** Whether the endpoints have sidecars. */
  meshed: boolean;
  /** Where a ServiceEntry declares it; undefined for what the registry knows by itself. */
  entry: { origin: Origin; resolution: "STATIC" | "DNS" } | undefined;
};

export type ServicePort = { number: number; protocol: Protocol };

export type ServiceEndpoint = {
  /** The workload that it is; undefined for what is outside the mesh. */
  workload: string | undefined;
  labels: Labels;
  /** `spiffe://…`, with or without a sidecar that shows it; undefined for what is outside the mesh. */
  identity: string | undefined;
  /** By the service's port. */
  addresses: Map<number, Address>;
  weight: number;
};

/** What of meshConfig matters here. */
export type MeshSettings = {
  pathNormalization: "NONE" | "BASE" | "MERGE_SLASHES" | "DECODE_AND_MERGE_SLASHES";
  accessLog: { path: string; encoding: "JSON" | "TEXT"; format: string | undefined } | undefined;
  tracingProviders: Map<string, TracingProvider>;
  /** What the spans of a proxy call their service: `order.symphony`, or `order`. */
  tracingNames: "APP_LABEL_AND_NAMESPACE" | "CANONICAL_NAME_ONLY";
  connectTimeout: string;
};

/** Who collects spans: by OTLP over HTTP where it has a path, else over gRPC. */
export type TracingProvider = {
  host: string;
  port: number;
  /** How many characters of a path are in a span; 256 unless given. */
  maxPathLength: number | undefined;
  http: { path: string; timeout: string } | undefined;
};

/** All that was read, by kind, references resolved and checked; knows neither YAML nor Envoy. */
export type Mesh = {
  trustDomain: string;
  settings: MeshSettings;
  services: Map<string, Service>;
  workloads: Workload[];
  virtualServices: VirtualService[];
  destinationRules: DestinationRule[];
  gateways: Gateway[];
  peerAuthentications: PeerAuthentication[];
  authorizationPolicies: AuthorizationPolicy[];
  requestAuthentications: RequestAuthentication[];
  telemetries: Telemetry[];
  envoyFilters: EnvoyFilter[];
  /** Hosts that ServiceEntries declare. */
  serviceEntries: (Identity & { hosts: string[] })[];
};

/** Policies of this namespace hold for the whole mesh. */
export const rootNamespace = "istio-system";
