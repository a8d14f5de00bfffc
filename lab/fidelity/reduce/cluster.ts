import { reduceCircuitBreakers } from "./circuit-breakers";
import { reduceConnections } from "./connections";
import { type NameAddress, reduceDiscovery, reduceEndpoints } from "./endpoints";
import { type Features } from "./feature";
import { Fields, type JsonObject } from "./json";
import { reduceLoadBalancing } from "./load-balancing";
import { reduceOutlierDetection } from "./outlier-detection";
import { reduceTls } from "./tls";

/** A cluster, and its endpoints where they come beside it. */
export type ClusterSource = {
  cluster: JsonObject;
  endpoints: JsonObject | undefined;
  nameAddress: NameAddress;
};

/** What a cluster means, feature by feature. */
export function reduceCluster({ cluster, endpoints, nameAddress }: ClusterSource): Features {
  const fields = Fields.of(cluster);
  const inbound = String(cluster.name).startsWith("inbound|");
  const assignment = fields.take("load_assignment");
  const byEndpoint = cluster.transport_socket_matches !== undefined;
  fields.take("@type");
  fields.take("name");
  return {
    "circuit breakers": reduceCircuitBreakers(fields),
    "outlier detection": reduceOutlierDetection(fields),
    "load balancing": reduceLoadBalancing(inbound ? Fields.of({}) : fields),
    "upstream TLS": reduceTls(fields),
    connections: reduceConnections(fields),
    discovery: reduceDiscovery(fields, inbound),
    endpoints: inbound ? undefined : reduceEndpoints(endpoints ?? assignment, { nameAddress, byEndpoint }),
    "statistics and metadata": fields.takeAll("alt_stat_name", "metadata"),
    "other of clusters": inbound ? withoutBalancing(fields) : fields.rest(),
  };
}

/** An inbound cluster has one endpoint, so that nothing is balanced. */
function withoutBalancing(fields: Fields): JsonObject | undefined {
  fields.takeAll("lb_policy", "cleanup_interval");
  return fields.rest();
}
