import { type Upstream } from "../model/proxy";
import { type Json } from "../types";
import { toAddress } from "./address";
import { outboundCluster } from "./cluster-name";
import { compact, typed } from "./json";

/** Where a cluster's requests may go, each endpoint marked by whether it speaks mutual TLS. */
export function toLoadAssignment({ target, endpoints, service }: Upstream): Json {
  const lb_endpoints = endpoints.flatMap((endpoint) => {
    const address = endpoint.addresses.get(target.port);
    if (address === undefined) return [];
    return [
      compact({
        endpoint: { address: toAddress(address) },
        // Of what is outside the mesh nobody says so.
        health_status: service.entry === undefined ? "HEALTHY" : undefined,
        metadata: endpoint.mutualTls
          ? { filter_metadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } }
          : undefined,
        load_balancing_weight: endpoint.weight,
      }),
    ];
  });
  return {
    cluster_name: outboundCluster(target),
    endpoints: lb_endpoints.length === 0 ? [] : [{ locality: {}, lb_endpoints }],
  };
}

/** The same as a discovery resource. */
export function toEndpointResource(upstream: Upstream): Json {
  return typed(
    "envoy.config.endpoint.v3.ClusterLoadAssignment",
    toLoadAssignment(upstream) as Record<string, Json>,
  );
}
