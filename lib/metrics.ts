import { trace, TraceFlags } from "@opentelemetry/api";
import { collectDefaultMetrics, Histogram, Registry } from "prom-client";

/** The metrics of one service: RED by protocol (a histogram's count is the rate), and Node's own. */
export type Metrics = {
  /** Where a service registers its own metrics: `registers: [metrics.registry]`. */
  registry: Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>;
  /** One HTTP request; `route` is the template, never the path. */
  observeHttp(request: { method: string; route: string; status: number; seconds: number }): void;
  /** One gRPC call; `method` is the full name, `code` the status' name. */
  observeGrpc(call: { method: string; code: string; seconds: number }): void;
};

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Joins a bucket to a trace that was recorded. */
function exemplar(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || (span.traceFlags & TraceFlags.SAMPLED) === 0) return {};
  return { trace_id: span.traceId, span_id: span.spanId };
}

/** A registry of its own, so that several services can run in one process. OpenMetrics, for exemplars. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });

  function histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
  ): Histogram<Label> {
    return new Histogram({
      name,
      help,
      labelNames,
      buckets: SECONDS,
      registers: [registry],
      enableExemplars: true,
    });
  }
  const http = histogram(
    "http_server_request_duration_seconds",
    "Seconds from a request to its whole answer",
    ["method", "route", "status"],
  );
  const grpc = histogram("grpc_server_call_duration_seconds", "Seconds per gRPC call", ["method", "code"]);

  return {
    registry,
    observeHttp({ method, route, status, seconds }) {
      http.observe({ labels: { method, route, status }, value: seconds, exemplarLabels: exemplar() });
    },
    observeGrpc({ method, code, seconds }) {
      grpc.observe({ labels: { method, code }, value: seconds, exemplarLabels: exemplar() });
    },
  };
}
