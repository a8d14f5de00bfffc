import {
  type Duration,
  type Identity,
  type Labels,
  type Origin,
  type Percent,
  type StringMatch,
} from "./common";

/** One host at one port, or a subset of it: what a cluster stands for. */
export type Target = { host: string; subset: string | undefined; port: number };

export type VirtualService = Identity & {
  hosts: string[];
  /** `mesh`, or `namespace/name` of a Gateway. */
  gateways: string[];
  /** False where only workloads of its own namespace see it. */
  exported: boolean;
  routes: HttpRoute[];
};

export type HttpRoute = {
  name: string;
  origin: Origin;
  /** One of them must match; a route without any matches all. */
  matches: RouteMatch[];
  action: Forward | Redirect | DirectResponse;
  headers: HeaderOperations | undefined;
  fault: Fault | undefined;
  cors: CorsPolicy | undefined;
};

export type RouteMatch = {
  name: string | undefined;
  origin: Origin;
  /** Which listeners and proxies have the route at all. */
  scope: {
    port: number | undefined;
    gateways: string[];
    sourceLabels: Labels;
    sourceNamespace: string | undefined;
  };
  uri: StringMatch | undefined;
  ignoreUriCase: boolean;
  method: StringMatch | undefined;
  authority: StringMatch | undefined;
  scheme: StringMatch | undefined;
  headers: HeaderMatch[];
  queryParams: { name: string; match: StringMatch | "present" }[];
  statPrefix: string | undefined;
};

export type HeaderMatch = { name: string; match: StringMatch | "present"; invert: boolean };

export type Forward = {
  kind: "forward";
  destinations: Destination[];
  timeout: Duration | undefined;
  retries: RetryPolicy | "default" | "none";
  rewrite: Rewrite | undefined;
  mirrors: { host: string; subset: string | undefined; port: number | undefined; percent: Percent }[];
};

export type Destination = {
  host: string;
  subset: string | undefined;
  /** Undefined: the service's only port, or else that of the listener. */
  port: number | undefined;
  weight: number;
  headers: HeaderOperations | undefined;
};

export type RetryPolicy = {
  attempts: number;
  perTryTimeout: Duration | undefined;
  /** Envoy's conditions; undefined where Istio's default ones hold. */
  retryOn: string | undefined;
  statusCodes: number[];
  backoff: Duration | undefined;
  ignorePreviousHosts: boolean | undefined;
};

export type Rewrite = {
  prefix: string | undefined;
  regex: { pattern: string; substitution: string } | undefined;
  authority: string | undefined;
};

export type Redirect = {
  kind: "redirect";
  path: { replace: string } | { prefix: string } | undefined;
  authority: string | undefined;
  scheme: string | undefined;
  port: number | "request" | undefined;
  status: number;
};

export type DirectResponse = { kind: "response"; status: number; body: string | undefined };

export type HeaderChanges = { set: Record<string, string>; add: Record<string, string>; remove: string[] };
export type HeaderOperations = { request: HeaderChanges; response: HeaderChanges };

export type Fault = {
  delay: { fixed: Duration; percent: Percent } | undefined;
  abort: { status: { http: number } | { grpc: number }; percent: Percent | undefined } | undefined;
};

export type CorsPolicy = {
  origins: StringMatch[];
  methods: string[];
  headers: string[];
  exposeHeaders: string[];
  maxAgeSeconds: number | undefined;
  credentials: boolean | undefined;
  forwardUnmatchedPreflights: boolean;
};

export type Gateway = Identity & {
  selector: Labels;
  servers: { port: number; hosts: string[]; origin: Origin }[];
};
