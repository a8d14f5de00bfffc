/** A JSON value, as Envoy reads its configuration. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A YAML file. `path` is as shown to people, relative to the repository. */
export type SourceFile = { path: string; text: string };

/** `meshConfig` of k8s/istio-values.yaml as parsed; the compiler validates it strictly. */
export type MeshConfig = { [key: string]: Json };

/** What a registry knows: on a cluster Kubernetes' Services and pods, here what the laptop runs. */
export type World = {
  /** `cluster.local` */
  trustDomain: string;
  meshConfig: MeshConfig;
  services: MeshService[];
  workloads: Workload[];
};

export type MeshService = {
  /** `inventory.symphony.svc.cluster.local` */
  host: string;
  namespace: string;
  ports: { number: number; name: string; protocol: "http" | "grpc" | "tcp" }[];
  /** Which workloads of its namespace are its endpoints. */
  selector: Record<string, string>;
  /**
   * False where the endpoints have no sidecar (NATS, Postgres): no mTLS is spoken to them, and their address is that
   * of the application. A workload that only such services select gets no proxy.
   */
  meshed: boolean;
};

export type Workload = {
  /** Unique: `inventory`, `inventory-2`. */
  name: string;
  namespace: string;
  /** The identity is `spiffe://<trustDomain>/ns/<namespace>/sa/<serviceAccount>`. */
  serviceAccount: string;
  /** `gateway` is the ingress: label `istio: ingressgateway`, namespace istio-system. */
  kind: "sidecar" | "gateway";
  labels: Record<string, string>;
  /** Where the sidecar takes mesh traffic for a container port, and where the application itself listens. */
  inbound: { port: number; listen: Address; application: Address }[];
  /** Where the sidecar offers each peer's host:port to its application. On a cluster iptables does that. */
  outbound: { host: string; port: number; listen: Address }[];
  /** Only of kind gateway: where a Gateway server's port is bound here. */
  gatewayPorts?: { port: number; listen: Address }[];
};

export type Address = { host: string; port: number } | { pipe: string };

export type CompileOptions = {
  /** Where the files of a proxy will lie, for xDS by path. Returns an absolute path. */
  path(proxy: string, kind: "lds" | "cds" | "rds" | "eds" | "sds", resource?: string): string;
};

export type Compiled = {
  /** By workload name. */
  proxies: Map<string, ProxyConfig>;
  /** Every object that was read, and that it takes effect or why not: reported, never silent. */
  objects: CompiledObject[];
};

export type CompiledObject = {
  file: string;
  line: number;
  kind: string;
  name: string;
  namespace: string;
  effect: string;
};

export type ProxyConfig = {
  /** Discovery resources as Envoy's JSON with "@type". */
  listeners: Json[];
  clusters: Json[];
  /** By the route configuration's name. */
  routes: Record<string, Json>;
  /** By the cluster's name. */
  endpoints: Record<string, Json>;
  origins: Origin[];
};

/**
 * Which YAML made a resource: `cluster outbound|8080||inventory.symphony.svc.cluster.local`,
 * `route inventory.symphony.svc.cluster.local:8080/read`, `route http.80/api`, `listener inbound/8080` (its mTLS),
 * `filter inbound/envoy.filters.http.rbac`, and `…#2` for the second filter of a name in its chain.
 */
export type Origin = { resource: string; file: string; line: number };

/** What is wrong in a file, where, and what would be right. Lines and columns count from 1. */
export type Problem = { file: string; line: number; column: number; field: string; message: string };

/** The files cannot be compiled. Holds every problem that was found, not only the first. */
export class CompileError extends Error {
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "CompileError";
    this.problems = problems;
  }
}

/** `file:line:column: field: message`, as editors and terminals make a link of it. */
export function formatProblem({ file, line, column, field, message }: Problem): string {
  return `${file}:${String(line)}:${String(column)}: ${field === "" ? "" : `${field}: `}${message}`;
}
