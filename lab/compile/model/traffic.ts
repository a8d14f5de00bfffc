import { type Duration, type Identity, type Labels, type Origin } from "./common";

export type DestinationRule = Identity & {
  /** A host, or with `*.` in front all hosts that end so. */
  host: string;
  exported: boolean;
  policy: TrafficPolicy | undefined;
  subsets: Subset[];
};

export type Subset = { name: string; labels: Labels; origin: Origin; policy: TrafficPolicy | undefined };

/** What holds for all ports, and what replaces it for single ones. */
export type TrafficPolicy = TrafficSettings & { ports: Map<number, TrafficSettings> };

export type TrafficSettings = {
  connectionPool?: ConnectionPool | undefined;
  outlierDetection?: OutlierDetection | undefined;
  loadBalancer?: LoadBalancer | undefined;
  tls?: ClientTls | undefined;
  retryBudget?: RetryBudget | undefined;
};

export type ConnectionPool = {
  maxConnections: number | undefined;
  connectTimeout: Duration | undefined;
  tcpIdleTimeout: Duration | undefined;
  maxConnectionDuration: Duration | undefined;
  tcpKeepalive: { probes?: number; time?: number; interval?: number } | undefined;
  maxPendingRequests: number | undefined;
  maxRequests: number | undefined;
  maxRetries: number | undefined;
  maxRequestsPerConnection: number | undefined;
  maxConcurrentStreams: number | undefined;
  idleTimeout: Duration | undefined;
  http2Keepalive: { interval: Duration; timeout: Duration } | undefined;
  protocol: "as-named" | "http2" | "as-client";
};

export type OutlierDetection = {
  consecutive5xx: number | undefined;
  consecutiveGatewayErrors: number | undefined;
  /** Undefined where failures to connect count like answers of 5xx. */
  localOrigin: { consecutive: number | undefined } | undefined;
  interval: Duration | undefined;
  baseEjectionTime: Duration | undefined;
  maxEjectionPercent: number | undefined;
  minHealthPercent: number;
};

export type LoadBalancer = {
  policy: "ROUND_ROBIN" | "LEAST_REQUEST" | "RANDOM" | "RING_HASH" | "MAGLEV";
  warmup: { duration: Duration; aggression: number; minimumPercent: number } | undefined;
  /** Ring or table size of consistent hashing. */
  size: number | undefined;
  hash: HashKey | undefined;
};

export type HashKey =
  | { kind: "header"; name: string }
  | { kind: "query"; name: string }
  | { kind: "source-ip" }
  | { kind: "cookie"; name: string; path: string | undefined; ttl: Duration | undefined };

export type ClientTls =
  | { mode: "DISABLE" }
  | { mode: "ISTIO_MUTUAL"; sni: string | undefined; subjectAltNames: string[] }
  | {
      mode: "SIMPLE";
      sni: string | undefined;
      subjectAltNames: string[];
      caCertificates: string | undefined;
      insecureSkipVerify: boolean;
    };

export type RetryBudget = { percent: number; minRetryConcurrency: number; interval: Duration | undefined };
