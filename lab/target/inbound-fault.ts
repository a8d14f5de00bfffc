/** Which workloads a filter is for, by one label: `app.kubernetes.io/name: payment`. */
export type FaultFilter = { name: string; label: string; patches: readonly string[] };

/** An EnvoyFilter of faults at the inbound side of workloads, as those of mesh/faults. */
export function faultFilter({ name, label, patches }: FaultFilter): string {
  return `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: ${name}
  namespace: symphony
spec:
  workloadSelector:
    labels:
      ${label}
  configPatches:
${patches.join("\n")}
`;
}

/** The fault filter before the router: `fault` is its abort or delay, in YAML, further lines indented by 12. */
export function httpFaultPatch(fault: string): string {
  return `    - applyTo: HTTP_FILTER
      match:
        context: SIDECAR_INBOUND
        listener:
          filterChain:
            filter:
              name: envoy.filters.network.http_connection_manager
              subFilter:
                name: envoy.filters.http.router
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.http.fault
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault
            ${fault}`;
}

/** Refuses connections before a request is read: `rules` are RBAC's, in YAML, further lines indented by 12. */
export function refusePatch(statPrefix: string, rules: string): string {
  return `    - applyTo: NETWORK_FILTER
      match:
        context: SIDECAR_INBOUND
        listener:
          filterChain:
            filter:
              name: envoy.filters.network.http_connection_manager
      patch:
        operation: INSERT_BEFORE
        value:
          name: envoy.filters.network.rbac
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC
            stat_prefix: ${statPrefix}.
            ${rules}`;
}
