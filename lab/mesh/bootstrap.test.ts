import { bootstrap } from "./bootstrap";

const workload = {
  name: "inventory-2",
  namespace: "symphony",
  serviceAccount: "inventory",
  kind: "sidecar" as const,
  labels: { "app.kubernetes.io/name": "inventory" },
};
const meshConfig = {
  defaultConfig: { tracingServiceName: "CANONICAL_NAME_ONLY", runtimeValues: { "tracing.some_ms": "1000" } },
};
const where = { adminPort: 15_000, lds: "/mesh/lds.json", cds: "/mesh/cds.json", meshConfig };

test("a sidecar is called as istiod would call it, and told by two files", () => {
  expect(bootstrap(workload, where)).toMatchObject({
    node: {
      id: "sidecar~127.0.0.1~inventory-2.symphony~symphony.svc.cluster.local",
      cluster: "inventory",
    },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: 15_000 } } },
    dynamic_resources: {
      lds_config: { path_config_source: { path: "/mesh/lds.json" } },
      cds_config: { path_config_source: { path: "/mesh/cds.json" } },
    },
  });
});

test("what meshConfig starts a proxy with on a cluster holds here too", () => {
  const layers = [{ static_layer: { "tracing.some_ms": "1000" } }];
  expect(bootstrap(workload, where)).toMatchObject({ layered_runtime: { layers } });
  expect(bootstrap(workload, { ...where, meshConfig: {} })).toMatchObject({
    node: { cluster: "inventory.symphony" },
  });
});

test("the ingress is a router", () => {
  const ingress = {
    ...workload,
    name: "ingress",
    namespace: "istio-system",
    serviceAccount: "istio-ingressgateway",
    kind: "gateway" as const,
    labels: { app: "istio-ingressgateway", istio: "ingressgateway" },
  };
  expect(bootstrap(ingress, where)).toMatchObject({
    node: {
      id: "router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local",
      cluster: "istio-ingressgateway",
    },
  });
});

type Kept = {
  stats_config: { stats_matcher: { inclusion_list: { patterns: { safe_regex: { regex: string } }[] } } };
};

test.each([
  ["cluster.outbound|8080||inventory.symphony.svc.cluster.local;.outlier_detection.ejections_active", true],
  ["cluster.outbound|8080||inventory.symphony.svc.cluster.local;.membership_total", true],
  ["cluster.outbound|8080||inventory.symphony.svc.cluster.local;.upstream_rq_retry", true],
  ["http.inbound_0.0.0.0_8080;.fault.aborts_injected", true],
  ["http.inbound_0.0.0.0_8080;.downstream_rq_total", true],
  ["fault_shipping_reset.rbac.denied", true],
  ["listener_manager.lds.version_text", true],
  ["cluster_manager.cds.update_rejected", true],
  ["http.outbound_0.0.0.0_8080;.rds.8080.version_text", true],
  ["cluster.outbound|8080||inventory.symphony.svc.cluster.local;.upstream_cx_rx_bytes_total", false],
  ["http.admin.downstream_cx_total", false],
])("of the statistics %s is kept: %s", (name, expected) => {
  const { patterns } = (bootstrap(workload, where) as Kept).stats_config.stats_matcher.inclusion_list;
  // Envoy's expressions are of the whole name.
  expect(patterns.some(({ safe_regex: { regex } }) => new RegExp(`^(?:${regex})$`).test(name))).toBe(
    expected,
  );
});
