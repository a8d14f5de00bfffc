import { type SpanContext, trace, TraceFlags } from "@opentelemetry/api";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

import { droppedTelemetry } from "./telemetry";

type PoolStats = { total: number; idle: number; waiting: number };

/** The metrics of one service: RED by protocol (a histogram's count is the rate), its pools, and Node's own. */
export type Metrics = {
  /** Where a service registers its own metrics: `registers: [metrics.registry]`. */
  registry: Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>;
  /** One HTTP request; `route` is the template, never the path. */
  observeHttp(request: { method: string; route: string; status: number; seconds: number }): void;
  /** A request or call that the mesh had sent before: this is not its first attempt. */
  observeRetry(request: { method: string; route: string }): void;
  /** One gRPC call; `method` is the full name, `code` the status' name. */
  observeGrpc(call: { method: string; code: string; seconds: number }): void;
  /** Shows the connections of a pool from now on. */
  watchPool(name: "requests" | "relay" | "consumer", stats: () => PoolStats): void;
};

/** From 1 ms to 10 s: an HTTP or gRPC call, and the handling of an event. */
export const callSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Joins a bucket to a trace that was recorded: that of `span`, or the running one. */
export function exemplar(
  span: SpanContext | undefined = trace.getActiveSpan()?.spanContext(),
): Record<string, string> {
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}

const knownMethods: ReadonlySet<string> = new Set(
  "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(" "),
);

/** A label value for an HTTP method: whoever invents methods does not get a time series for each. */
export function methodLabel(method: string): string {
  return knownMethods.has(method) ? method : "_OTHER";
}

function createPoolGauges(registers: Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>[]) {
  const pools = new Map<string, () => PoolStats>();
  new Gauge({
    name: "db_client_connection_count",
    help: "Connections to the database by pool and state",
    labelNames: ["pool", "state"],
    registers,
    collect() {
      for (const [pool, stats] of pools) {
        const { total, idle } = stats();
        this.set({ pool, state: "idle" }, idle);
        this.set({ pool, state: "used" }, total - idle);
      }
    },
  });
  new Gauge({
    name: "db_client_connection_pending_requests",
    help: "Callers that wait for a connection of the pool",
    labelNames: ["pool"],
    registers,
    collect() {
      for (const [pool, stats] of pools) this.set({ pool }, stats().waiting);
    },
  });
  return pools;
}

/** A registry of its own, so that several services can run in one process. OpenMetrics, for exemplars. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const shared = { buckets: callSeconds, registers: [registry], enableExemplars: true };
  const http = new Histogram({
    ...shared,
    name: "http_server_request_duration_seconds",
    help: "Seconds from a request to its whole answer; event streams are left out",
    labelNames: ["method", "route", "status"],
  });
  const grpc = new Histogram({
    ...shared,
    name: "rpc_server_call_duration_seconds",
    help: "Seconds per gRPC call",
    labelNames: ["method", "code"],
  });
  const retried = new Counter({
    name: "http_server_retried_requests_total",
    help: "Requests and gRPC calls that the mesh had sent before; of a gRPC call `method` is its name",
    labelNames: ["method", "route"],
    registers: [registry],
  });
  new Counter({
    name: "telemetry_dropped_total",
    help: "What was left out of the traces, by what and why: traces cost no request anything",
    labelNames: ["item", "reason"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { item, reason, count } of droppedTelemetry()) this.inc({ item, reason }, count);
    },
  });
  const pools = createPoolGauges([registry]);

  return {
    registry,
    observeHttp({ method, route, status, seconds }) {
      const labels = { method: methodLabel(method), route, status };
      http.observe({ labels, value: seconds, exemplarLabels: exemplar() });
    },
    observeRetry({ method, route }) {
      retried.inc({ method: route === "" ? method : methodLabel(method), route });
    },
    observeGrpc({ method, code, seconds }) {
      grpc.observe({ labels: { method, code }, value: seconds, exemplarLabels: exemplar() });
    },
    watchPool: (name, stats) => void pools.set(name, stats),
  };
}
