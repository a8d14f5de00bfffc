import { type MeshSettings } from "../model/mesh";
import { type Json } from "../types";
import { toAccessLog } from "./access-log";
import { type Context } from "./context";
import { type Chain, toHttpFilters } from "./http-filters";
import { extension, type JsonObject } from "./json";
import { toTracing } from "./tracing";

export const connectionManagerName = "envoy.filters.network.http_connection_manager";
const type = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/** What differs by direction: whom to believe about the caller, and what the callee is told of it. */
const byDirection: Record<Chain["direction"], JsonObject> = {
  inbound: {
    server_name: "istio-envoy",
    use_remote_address: false,
    forward_client_cert_details: "APPEND_FORWARD",
    set_current_client_cert_details: { subject: true, dns: true, uri: true },
  },
  outbound: { use_remote_address: false },
  ingress: {
    http_protocol_options: {},
    server_name: "istio-envoy",
    use_remote_address: true,
    forward_client_cert_details: "SANITIZE_SET",
    set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
  },
};

const normalization: Record<MeshSettings["pathNormalization"], JsonObject> = {
  NONE: { normalize_path: false },
  BASE: { normalize_path: true },
  MERGE_SLASHES: { normalize_path: true, merge_slashes: true },
  DECODE_AND_MERGE_SLASHES: {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: "UNESCAPE_AND_FORWARD",
  },
};

/** The filter that reads HTTP. `routes` is a route configuration, or where it is found. */
export function toConnectionManager(
  context: Context,
  chain: Chain,
  routes: Record<string, Json | undefined>,
): JsonObject {
  const { settings } = context.proxy;
  const prefix = chain.direction === "inbound" ? "inbound" : "outbound";
  return extension(connectionManagerName, type, {
    stat_prefix: `${prefix}_0.0.0.0_${String(chain.port)};`,
    ...routes,
    http_filters: toHttpFilters(context, chain),
    tracing: toTracing(context),
    access_log: toAccessLog(settings),
    ...byDirection[chain.direction],
    proxy_100_continue: true,
    upgrade_configs: [{ upgrade_type: "websocket" }],
    // Streams of events are silent for as long as nothing happens.
    stream_idle_timeout: "0s",
    ...normalization[settings.pathNormalization],
    request_id_extension: {
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
        use_request_id_for_trace_sampling: true,
      },
    },
  });
}
