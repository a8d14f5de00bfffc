import { type MeshSettings } from "../model/mesh";
import { type Tracing } from "../model/proxy";
import { type Json, type Workload } from "../types";
import { outboundCluster } from "./cluster-name";
import { type Context, note } from "./context";
import { compact, extension, filled, type JsonObject } from "./json";

/** Spans of a connection manager; undefined where nobody collects them. */
export function toTracing(context: Context): JsonObject | undefined {
  const { tracing, workload, settings } = context.proxy;
  if (tracing === undefined) return undefined;
  note(context, "tracing", tracing.origin);
  return compact({
    client_sampling: { value: 100 },
    random_sampling: { value: tracing.percent },
    overall_sampling: { value: 100 },
    max_path_tag_length: tracing.collector.maxPathLength,
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
      service_name: serviceCluster(workload, settings.tracingNames),
      ...toCollector(tracing.collector),
    }),
  });
}

/** What a proxy calls its service: on a cluster the injected sidecar is started with it. */
export function serviceCluster(
  { labels, name, namespace }: Pick<Workload, "labels" | "name" | "namespace">,
  naming: MeshSettings["tracingNames"] = "APP_LABEL_AND_NAMESPACE",
): string {
  const canonical = labels["app.kubernetes.io/name"] ?? labels.app ?? name;
  return naming === "CANONICAL_NAME_ONLY" ? canonical : `${canonical}.${namespace}`;
}

/** The address of OTLP over HTTP has no scheme, as istiod writes it. */
function toCollector(collector: Tracing["collector"]): JsonObject {
  const cluster = outboundCluster(collector);
  const { host, http } = collector;
  if (http === undefined) return { grpc_service: { envoy_grpc: { cluster_name: cluster, authority: host } } };
  return { http_service: { http_uri: { uri: `${host}${http.path}`, cluster, timeout: http.timeout } } };
}
