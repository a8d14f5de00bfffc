import {
  Metadata,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { HealthImplementation } from "grpc-health-check";
import type { z } from "zod";

import { acceptCorrelationId, acceptFault, faultHeader, runInContext } from "./context";
import { AppError, errorTable } from "./errors";
import {
  correlationIdKey,
  errorCodeKey,
  type GrpcMethods,
  type GrpcServiceName,
  loadService,
} from "./grpc-definition";
import type { Log } from "./log";
import type { Metrics } from "./metrics";
import { attemptHeader, resendCount } from "./request-span";
import { extractTrace, failSpan, runInTrace, startSpan } from "./telemetry";
import { invalidRequest, validatePart } from "./validation";

const maxRequestBytes = 100 * 1024;
const closeGraceMs = 5_000;

/** An RPC: takes a request that may be anything, answers or rejects. */
export type UnaryMethod<Answer> = (request: unknown) => Promise<Answer>;

/** An RPC whose request is checked against `schema` first; what does not fit is refused as request.invalid. */
export function unary<S extends z.ZodType, Answer>(definition: {
  schema: S;
  handle(request: z.output<S>): Promise<Answer>;
}): UnaryMethod<Answer> {
  return async (request) => {
    const { value, errors } = validatePart(definition.schema, request, "request");
    if (errors.length > 0) throw invalidRequest(errors);
    return definition.handle(value as z.output<S>);
  };
}

export type GrpcService = {
  definition: ServiceDefinition;
  implementation: Record<string, UnaryMethod<unknown>>;
};

/** The service `name` of proto/, with one `unary` per RPC. */
export function grpcService<N extends GrpcServiceName>(
  name: N,
  methods: {
    [M in keyof GrpcMethods<N>]: UnaryMethod<
      GrpcMethods<N>[M] extends { answer: infer Answer } ? Answer : never
    >;
  },
): GrpcService {
  return { definition: loadService(name).service, implementation: methods };
}

export type GrpcServer = {
  /**
   * Binds `port` (0 takes a free one; a path is that of a Unix domain socket), marks every service as serving and
   * gives the target that clients use.
   */
  listen(host: string, port: number | string): Promise<string>;
  /** Marks every service as not serving, lets running calls end for up to 5 s, then cuts them. */
  close(): Promise<void>;
};

/**
 * A gRPC server with grpc.health.v1. It answers keepalive pings at any rate and without calls: this
 * library's server, unlike others, has no limit that would end in GOAWAY with `too_many_pings`.
 */
export function createGrpcServer(options: {
  services: GrpcService[];
  log: Log;
  metrics: Metrics;
}): GrpcServer {
  const server = new Server({ "grpc.max_receive_message_length": maxRequestBytes });
  const names = ["", ...options.services.flatMap(({ definition }) => serviceNamesOf(definition))];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, "NOT_SERVING"])));
  health.addToServer(server);
  for (const { definition, implementation } of options.services) {
    server.addService(definition, handlers(definition, implementation, options));
  }
  return {
    listen(host, port) {
      return new Promise((resolve, reject) => {
        const target = typeof port === "string" ? `unix:${port}` : `${host}:${port}`;
        server.bindAsync(target, ServerCredentials.createInsecure(), (error, boundPort) => {
          if (error) return reject(error);
          for (const name of names) health.setStatus(name, "SERVING");
          const reachable = host === "0.0.0.0" ? "127.0.0.1" : host;
          resolve(typeof port === "string" ? target : `${reachable}:${boundPort}`);
        });
      });
    },
    async close() {
      for (const name of names) health.setStatus(name, "NOT_SERVING");
      await new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.forceShutdown(), closeGraceMs);
        server.tryShutdown(() => {
          clearTimeout(cut);
          resolve();
        });
      });
    },
  };
}

function serviceNamesOf(definition: ServiceDefinition): string[] {
  return [...new Set(Object.values(definition).map(({ path }) => path.split("/")[1] ?? ""))];
}

function handlers(
  definition: ServiceDefinition,
  implementation: GrpcService["implementation"],
  { log, metrics }: { log: Log; metrics: Metrics },
): UntypedServiceImplementation {
  const result: UntypedServiceImplementation = {};
  for (const [name, { path }] of Object.entries(definition)) {
    const handle = implementation[name.charAt(0).toLowerCase() + name.slice(1)];
    if (!handle) throw new Error(`${path} has no implementation`);
    result[name] = (call: ServerUnaryCall<unknown, unknown>, respond: sendUnaryData<unknown>) => {
      const startedAt = performance.now();
      const correlationId = acceptCorrelationId(call.metadata.get(correlationIdKey)[0]);
      const method = path.slice(1);
      const resent = resendCount(call.metadata.get(attemptHeader)[0]);
      if (resent > 0) metrics.observeRetry({ method, route: "" });
      inCallContext(call, { method, correlationId }, (span) => {
        if (resent > 0) span.setAttribute("http.request.resend_count", resent);
        const observe = (code: status) => {
          const ms = performance.now() - startedAt;
          metrics.observeGrpc({ method, code: status[code], seconds: ms / 1000 });
          log.info({ method, code: status[code], duration_ms: Math.round(ms * 100) / 100 }, "request");
          endSpan(span, code);
        };
        handle(call.request).then(
          (answer) => {
            observe(status.OK);
            respond(null, answer, trailer(correlationId));
          },
          (error: unknown) => {
            const known =
              error instanceof AppError ? error : new AppError("internal", errorTable.internal.title);
            if (ownFaults.has(known.grpcStatus)) failSpan(span, error);
            if (known !== error) log.error({ err: error, method: path }, "an RPC failed unexpectedly");
            observe(known.grpcStatus);
            respond({
              code: known.grpcStatus,
              details: known.message,
              metadata: trailer(correlationId, known.code),
            });
          },
        );
      });
    };
  }
  return result;
}

/** Statuses that are the server's fault; all others are answers to what the client asked. */
const ownFaults: ReadonlySet<status> = new Set([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

function endSpan(span: Span, code: status): void {
  span.setAttribute("rpc.response.status_code", status[code]);
  if (ownFaults.has(code)) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function inCallContext(
  call: ServerUnaryCall<unknown, unknown>,
  { method, correlationId }: { method: string; correlationId: string },
  work: (span: Span) => void,
): void {
  const { order_id: orderId } = call.request as { order_id?: string };
  const fault = acceptFault(call.metadata.get(faultHeader)[0]);
  const { span, active } = startSpan(method, {
    kind: SpanKind.SERVER,
    parent: extractTrace({ traceparent: String(call.metadata.get("traceparent")[0] ?? "") }),
    attributes: {
      "rpc.system.name": "grpc",
      "rpc.method": method,
      "symphony.correlation.id": correlationId,
      ...(orderId && { "symphony.order.id": orderId }),
    },
  });
  runInTrace(active, () =>
    runInContext({ correlationId, ...(orderId ? { orderId } : {}), ...fault }, () => work(span)),
  );
}

/**
 * Everything travels in the trailer: headers sent ahead of an error would keep a proxy from seeing the gRPC
 * status at once, and Envoy only retries what it sees there.
 */
function trailer(correlationId: string, errorCode?: string): Metadata {
  const metadata = new Metadata();
  metadata.set(correlationIdKey, correlationId);
  if (errorCode) metadata.set(errorCodeKey, errorCode);
  return metadata;
}
