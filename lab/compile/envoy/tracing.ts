import { type Json } from "../types";
import { outboundCluster } from "./cluster-name";
import { type Context, note } from "./context";
import { compact, extension, filled, type JsonObject } from "./json";

/** Spans of a connection manager; undefined where nobody collects them. */
export function toTracing(context: Context): JsonObject | undefined {
  const { tracing, workload } = context.proxy;
  if (tracing === undefined) return undefined;
  note(context, "tracing", tracing.origin);
  const name = workload.labels["app.kubernetes.io/name"] ?? workload.labels["app"] ?? workload.name;
  return compact({
    client_sampling: { value: 100 },
    random_sampling: { value: tracing.percent },
    overall_sampling: { value: 100 },
    // An ingress has no span of its caller to continue: its own and that of the call are two.
    spawn_upstream_span: workload.kind === "gateway" || undefined,
    custom_tags: filled(
      Object.entries(tracing.customTags).map(([tag, value]): Json =>
        "literal" in value
          ? { tag, literal: { value: value.literal } }
          : { tag, request_header: compact({ name: value.header, default_value: value.defaultValue }) },
      ),
    ),
    provider: extension("envoy.tracers.opentelemetry", "envoy.config.trace.v3.OpenTelemetryConfig", {
      service_name: `${name}.${workload.namespace}`,
      grpc_service: {
        envoy_grpc: { cluster_name: outboundCluster(tracing.collector), authority: tracing.collector.host },
      },
    }),
  });
}
