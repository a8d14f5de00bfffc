import { serviceCluster } from "../compile/envoy/tracing";
import type { Json, MeshConfig, Workload } from "../compile/types";
import { trustDomain } from "./world";

/**
 * What is counted. A sidecar would keep thousands of statistics that nobody reads; these are the ones of charts/service,
 * by the same expressions, and those that tell whether a configuration was taken.
 */
const kept = [
  "(listener_manager\\.(lds\\..*|listener_.*|total_.*)|cluster_manager\\.(cds\\..*|cluster_.*))",
  "http\\..*\\.rds\\..*\\.(version_text|update_success|update_rejected)",
  "server\\.(live|uptime|state|memory_.*|total_connections)",
  "sds\\..*\\.(version_text|update_success|update_rejected)",
  "cluster\\.(out|in)bound.*\\.(membership_.*|outlier_detection\\..*|circuit_breakers\\..*|upstream_rq_(total|[0-9]xx|[0-9]+|completed|active|retry.*|timeout|per_try_timeout|pending_.*|cancelled|rx_reset|tx_reset)|upstream_cx_(total|active|connect_fail|overflow))",
  "http\\.(out|in)bound.*\\.(fault\\..*|rbac\\..*|downstream_rq_(total|[0-9]xx|active|rx_reset|tx_reset))",
  ".*rbac\\.(allowed|denied|shadow_allowed|shadow_denied)",
  ".*fault\\..*",
  ".*jwt_authn\\..*",
  ".*ssl\\.(handshake|connection_error|fail_verify_.*|no_certificate)",
];

/** What a proxy is started with on a cluster by `meshConfig.defaultConfig`; the compiler has validated it. */
type ProxyDefaults = {
  tracingServiceName?: "APP_LABEL_AND_NAMESPACE" | "CANONICAL_NAME_ONLY";
  runtimeValues?: Record<string, string>;
};

/** Envoy's bootstrap for a workload's sidecar: its name as istiod would give it, and the two files it is told by. */
export function bootstrap(
  workload: Pick<Workload, "name" | "namespace" | "serviceAccount" | "kind" | "labels">,
  {
    adminPort,
    lds,
    cds,
    meshConfig,
  }: { adminPort: number; lds: string; cds: string; meshConfig: MeshConfig },
): Json {
  const { name, namespace } = workload;
  const type = workload.kind === "gateway" ? "router" : "sidecar";
  const { tracingServiceName, runtimeValues = {} } = (meshConfig.defaultConfig ?? {}) as ProxyDefaults;
  return {
    node: {
      id: `${type}~127.0.0.1~${name}.${namespace}~${namespace}.svc.${trustDomain}`,
      cluster: serviceCluster(workload, tracingServiceName),
      metadata: {
        NAME: name,
        NAMESPACE: namespace,
        SERVICE_ACCOUNT: workload.serviceAccount,
        LABELS: workload.labels,
      },
    },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
    dynamic_resources: { lds_config: fromFile(lds), cds_config: fromFile(cds) },
    deferred_stat_options: { enable_deferred_creation_stats: true },
    stats_config: {
      use_all_default_tags: false,
      stats_matcher: {
        inclusion_list: { patterns: kept.map((regex) => ({ safe_regex: { regex } })) },
      },
    },
    layered_runtime: {
      layers: [
        {
          name: "istio",
          // What istiod sets, so that rules mean the same.
          static_layer: {
            "envoy.reloadable_features.http_reject_path_with_fragment": false,
            "re2.max_program_size.error_level": 32_768,
            ...runtimeValues,
          },
        },
      ],
    },
    // Envoy warns where there is no limit; istiod gives this one.
    overload_manager: {
      resource_monitors: [
        {
          name: "envoy.resource_monitors.global_downstream_max_connections",
          typed_config: {
            "@type":
              "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            max_active_downstream_connections: 2_147_483_647,
          },
        },
      ],
    },
    application_log_config: {
      log_format: { json_format: { time: "%Y-%m-%dT%T.%eZ", level: "%l", msg: "%j" } },
    },
  };
}

/** Envoy looks at the folder for a file being moved into this place. */
function fromFile(path: string): Json {
  return { resource_api_version: "V3", initial_fetch_timeout: "0s", path_config_source: { path } };
}
