import { type ServiceName } from "../../lib/events";

/** What has a sidecar that can be asked: the services and the ingress gateway. */
export type Workload = ServiceName | "ingress";

/** One running copy of a workload. */
export type Replica = {
  /** The pod's name on a cluster. */
  name: string;
  workload: string;
  ready: boolean;
  /** How often its containers were started again. */
  restarts: number;
  labels: Readonly<Record<string, string>>;
};

/** Counters and gauges of one sidecar by Envoy's own names, such as `http.inbound_0.0.0.0_8080;.fault.aborts_injected`. */
export type SidecarStats = { replica: string; values: Readonly<Record<string, number>> };

/** Istio YAML, several documents allowed: a file by its path from the repository's root, or the text itself. */
export type RuleSource = { file: string } | { yaml: string };

/**
 * A call as a service makes it: plain HTTP or gRPC to a name and port of the mesh, out through the sidecar.
 * `{{uuid}}` in the path, headers, body or message is another UUID for each call.
 */
export type Call = {
  /** `payment:8080`, `inventory:9090`. */
  to: string;
  headers?: Readonly<Record<string, string>>;
  /** Without an answer until then a call ends as `timeout`. @default 10000 */
  timeoutMs?: number;
} & (
  | {
      method?: string;
      /** Sent as it stands, so that `//`, `..` and `%2F` arrive. */
      path: string;
      /** Sent as JSON. */
      body?: unknown;
      rpc?: undefined;
    }
  | {
      /** `symphony.inventory.v1.InventoryService/CheckAvailability` */
      rpc: string;
      /** Field names as in the proto file. */
      message?: unknown;
    }
);

export type CallResult = {
  /** The HTTP status, 0 where no answer came. Of an rpc gRPC's status code: 0 is OK, 14 UNAVAILABLE. */
  status: number;
  ms: number;
  headers: Readonly<Record<string, string>>;
  /** The first 4 KiB of the answer; of gRPC the message as JSON. */
  body: string;
  /** Why no answer came, such as ECONNRESET or timeout; of an rpc the details of its status. */
  error?: string;
};

export type CallOptions = {
  /** @default 1 */
  count?: number;
  /** How many are under way at a time. @default 1 */
  concurrency?: number;
  /** Calls per second to start, evenly; without it as fast as `concurrency` allows. */
  rate?: number;
  /** From this replica of the caller; by default its oldest ready one. */
  replica?: string;
};

/** A workload of its own beside the services, to call them as somebody who has no right to. */
export type Stranger = {
  name: string;
  /** Without a sidecar it has no identity and speaks plaintext. */
  sidecar: boolean;
  /** Whether the network itself lets it reach the services, so that nothing but the mesh can refuse it. */
  network: boolean;
};

/**
 * A running Symphony with a mesh, for tests and the lab; on a cluster or on this machine. Everything it changes
 * is changed back by the caller, `close` only ends what it started itself. Methods reject with a `Failure`.
 */
export type MeshTarget = {
  readonly kind: "kube" | "laptop";

  /**
   * Puts a rule in force: resolves once every sidecar that it names has it. A rule that exists is replaced. A
   * connection from before may still carry one request under the old rules, and is then closed.
   */
  apply(rule: RuleSource): Promise<void>;
  /** Takes it back: resolves once the sidecars have forgotten it. What does not exist is no error. */
  remove(rule: RuleSource): Promise<void>;

  /** Calls as `caller`: a service or a stranger that was started. The results are in the order of sending. */
  call(caller: string, call: Call, options?: CallOptions): Promise<CallResult[]>;
  /** The statistics of every replica's sidecar, all of them or those whose name matches. */
  stats(workload: Workload, filter?: RegExp): Promise<SidecarStats[]>;

  replicas(workload: Workload): Promise<Replica[]>;
  /** Kills without grace. Resolves at once; what replaces it shows in `replicas`. */
  kill(replica: Replica): Promise<void>;
  /** Resolves once so many replicas are ready and no other is left. */
  scale(service: ServiceName, replicas: number): Promise<void>;
  /** Sets a label, or takes it away where `value` is undefined. */
  label(replica: Replica, key: string, value: string | undefined): Promise<void>;

  /** Starts it in the services' namespace, and waits until it is ready. */
  startStranger(stranger: Stranger): Promise<void>;
  stopStranger(name: string): Promise<void>;

  /** Where orders go in from outside, such as http://127.0.0.1:30080. */
  ingressUrl(): Promise<string>;
  /** Ends connections and helper processes. */
  close(): Promise<void>;
};

/** The sum over all replicas of the statistics whose name matches. */
export function sumStats(sidecars: readonly SidecarStats[], name: RegExp): number {
  return sidecars
    .flatMap(({ values }) => Object.entries(values))
    .filter(([key]) => name.test(key))
    .reduce((sum, [, value]) => sum + value, 0);
}
