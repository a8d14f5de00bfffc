import { type Json } from "../../compile/types";
import { type Fields, isObject, type JsonObject, objectOf, objectsOf } from "./json";

/** Names an address by what listens there: a workload, or the address itself outside of the mesh. */
export type NameAddress = (address: JsonObject) => string;

/** Who is behind a cluster, with weights, and whether mutual TLS is spoken to each where `byEndpoint` asks for that. */
export function reduceEndpoints(
  assignment: Json | undefined,
  { nameAddress, byEndpoint }: { nameAddress: NameAddress; byEndpoint: boolean },
): Json | undefined {
  if (!isObject(assignment)) return undefined;
  const endpoints = objectsOf(assignment.endpoints).flatMap((locality) =>
    objectsOf(locality.lb_endpoints).map((item) => {
      const { mutual_tls, ...endpoint } = reduceEndpoint(item, nameAddress);
      return byEndpoint ? { ...endpoint, mutual_tls } : endpoint;
    }),
  );
  return endpoints.sort((a, b) => (String(a.at) < String(b.at) ? -1 : 1));
}

function reduceEndpoint(
  item: JsonObject,
  nameAddress: NameAddress,
): Record<"at" | "mutual_tls" | "weight" | "health", Json> {
  const address = objectOf(objectOf(item.endpoint).address);
  const match = objectOf(objectOf(item.metadata).filter_metadata)["envoy.transport_socket_match"];
  return {
    at: nameAddress(address),
    mutual_tls: objectOf(match).tls_mode === "istio",
    weight: item.load_balancing_weight ?? 1,
    health: item.health_status ?? "UNKNOWN",
  };
}

/** How the endpoints are found. Inbound there is one, the application, which each platform finds in its own way. */
export function reduceDiscovery(fields: Fields, inbound: boolean): Json | undefined {
  const type = fields.take("type") ?? "STATIC";
  const settings = fields.takeAll("respect_dns_ttl", "dns_lookup_family", "dns_refresh_rate", "dns_jitter");
  const place = fields.takeAll("eds_cluster_config", "upstream_bind_config", "original_dst_lb_config");
  if (inbound) return undefined;
  // Endpoints in the cluster itself and in a resource beside it are the same ones.
  const found = type === "EDS" || type === "STATIC" ? "listed" : type;
  return { found, ...(found !== "listed" && settings), ...objectOf(place?.upstream_bind_config) };
}
