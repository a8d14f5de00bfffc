import {
  type ChannelOptions,
  type ClientUnaryCall,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";

import { contextHeaders } from "./context";
import { AppError, errorTable, isErrorCode } from "./errors";
import { errorCodeKey, type GrpcMethods, type GrpcServiceName, loadService } from "./grpc-definition";
import { injectTrace, runInTrace, startSpan } from "./telemetry";

const defaultDeadlineMs = 5_000;

/**
 * Retries belong to the mesh, so the channel has none. `healthCheckConfig` in the service config would have
 * no effect: this gRPC library does not implement health checking by the client. Unhealthy replicas are
 * left out by whoever calls grpc.health.v1 (readiness probes and the sidecar's outlier detection), and a
 * replica that shuts down says so with GOAWAY; a broken connection leaves the round robin at once.
 */
export const channelOptions: ChannelOptions = {
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  "grpc.service_config_disable_resolution": 1,
  "grpc.enable_retries": 0,
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 1_000,
  "grpc.keepalive_permit_without_calls": 1,
  // The library's default grows to two minutes, for which a peer that has come back would stay unused.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
};

export type GrpcCallOptions = { deadlineMs?: number };

/** One promise-returning function per RPC. Rejects with AppError only. */
export type GrpcClient<N extends GrpcServiceName> = {
  [M in keyof GrpcMethods<N>]: (
    request: GrpcMethods<N>[M] extends { request: infer Request } ? Request : never,
    options?: GrpcCallOptions,
  ) => Promise<GrpcMethods<N>[M] extends { response: infer Response } ? Response : never>;
} & { close(): void };

type Call = (
  request: unknown,
  metadata: Metadata,
  options: { deadline: number },
  callback: (error: ServiceError | null, response: unknown) => void,
) => ClientUnaryCall;

/**
 * A client of `service` at `target`: one `host:port`, several of them separated by commas, or a gRPC target
 * such as `dns:///inventory:9090`. Calls go round robin over all addresses, with a deadline of `deadlineMs`
 * (5,000) unless a call names its own. No retries.
 */
export function createGrpcClient<N extends GrpcServiceName>(options: {
  service: N;
  target: string;
  deadlineMs?: number;
}): GrpcClient<N> {
  const Client = loadService(options.service);
  const client = new Client(grpcTarget(options.target), credentials.createInsecure(), channelOptions);
  const peer = options.service.split(".")[1] ?? options.service;
  const methods: Record<string, unknown> = { close: () => client.close() };
  for (const name of Object.keys(Client.service)) {
    const method = name.charAt(0).toLowerCase() + name.slice(1);
    const call = (client[method] as Call).bind(client);
    methods[method] = (request: unknown, callOptions: GrpcCallOptions = {}) =>
      new Promise((resolve, reject) => {
        const deadlineMs = callOptions.deadlineMs ?? options.deadlineMs ?? defaultDeadlineMs;
        const { span, active } = startRpcSpan(`${options.service}/${name}`, peer);
        const metadata = runInTrace(active, outgoingMetadata);
        call(request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) => {
          endRpcSpan(span, error?.code ?? status.OK);
          if (error) reject(toAppError(error, peer));
          else resolve(response);
        });
      });
  }
  return methods as GrpcClient<N>;
}

/** `127.0.0.1:1,127.0.0.1:2` as gRPC writes it: `ipv4:127.0.0.1:1,127.0.0.1:2`. Other targets stay as they are. */
export function grpcTarget(target: string): string {
  const addresses = target.split(",").map((address) => address.trim());
  if (addresses.every((address) => /^\d+\.\d+\.\d+\.\d+:\d+$/.test(address)))
    return `ipv4:${addresses.join(",")}`;
  if (addresses.every((address) => /^\[[\da-fA-F:]+\]:\d+$/.test(address)))
    return `ipv6:${addresses.join(",")}`;
  return target;
}

function outgoingMetadata(): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(contextHeaders())) metadata.set(key, value);
  for (const [key, value] of Object.entries<string>(injectTrace({}))) metadata.set(key, value);
  return metadata;
}

function startRpcSpan(method: string, peer: string): ReturnType<typeof startSpan> {
  const attributes = { "rpc.system.name": "grpc", "rpc.method": method, "server.address": peer };
  return startSpan(method, { kind: SpanKind.CLIENT, attributes });
}

function endRpcSpan(span: Span, code: status): void {
  span.setAttribute("rpc.response.status_code", status[code]);
  if (code !== status.OK) {
    span.setAttribute("error.type", status[code]);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

/** What the peer refused keeps its code; whatever failed on the way or inside the peer is the peer's failure. */
function toAppError(error: ServiceError, peer: string): AppError {
  const code = error.metadata?.get(errorCodeKey)[0];
  if (isErrorCode(code) && (errorTable[code].http < 500 || code === "payment.provider_error")) {
    return new AppError(code, error.details, { cause: error });
  }
  if (error.code === status.DEADLINE_EXCEEDED) {
    return new AppError("peer.timeout", `${peer} did not answer in time`, { cause: error });
  }
  return new AppError("peer.unavailable", `${peer} is not available`, { cause: error });
}
