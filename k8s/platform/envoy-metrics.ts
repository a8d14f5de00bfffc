/** A metric that is not of the services' own: docs/metrics.md lists those. */
export type EnvoyMetric = { name: string; labels: readonly string[] };

const cluster = ["cluster_name", "callee"];

/**
 * What Prometheus keeps of the sidecars (Envoy), their agents and istiod, which say a hundred times as much.
 * charts/service/templates/_names.tpl asks Envoy for these; what neither has is not there to be queried.
 */
export const envoyMetrics: readonly EnvoyMetric[] = [
  { name: "envoy_cluster_upstream_rq", labels: [...cluster, "response_code", "response_code_class"] },
  { name: "envoy_cluster_upstream_rq_total", labels: cluster },
  { name: "envoy_cluster_upstream_rq_active", labels: cluster },
  { name: "envoy_cluster_upstream_rq_retry", labels: cluster },
  { name: "envoy_cluster_upstream_rq_retry_success", labels: cluster },
  { name: "envoy_cluster_upstream_rq_retry_overflow", labels: cluster },
  { name: "envoy_cluster_upstream_rq_timeout", labels: cluster },
  { name: "envoy_cluster_upstream_rq_per_try_timeout", labels: cluster },
  { name: "envoy_cluster_upstream_rq_pending_overflow", labels: cluster },
  { name: "envoy_cluster_upstream_cx_active", labels: cluster },
  { name: "envoy_cluster_upstream_cx_connect_fail", labels: cluster },
  { name: "envoy_cluster_membership_total", labels: cluster },
  { name: "envoy_cluster_membership_healthy", labels: cluster },
  { name: "envoy_cluster_outlier_detection_ejections_active", labels: cluster },
  { name: "envoy_cluster_outlier_detection_ejections_enforced_total", labels: cluster },
  {
    name: "envoy_http_downstream_rq",
    labels: ["http_conn_manager_prefix", "response_code_class"],
  },
  { name: "envoy_http_fault_aborts_injected", labels: ["http_conn_manager_prefix"] },
  { name: "envoy_http_fault_delays_injected", labels: ["http_conn_manager_prefix"] },
  { name: "envoy_http_rbac", labels: ["http_conn_manager_prefix", "authz_enforce_result"] },
  { name: "envoy_server_memory_allocated", labels: [] },
  // The agent beside Envoy, and the authority that signs its certificates.
  { name: "istio_agent_cert_expiry_seconds", labels: ["resource_name"] },
  { name: "citadel_server_root_cert_expiry_timestamp", labels: [] },
];
