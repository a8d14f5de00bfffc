import { type Identity } from "../model/common";
import { type Protocol, type Service } from "../model/mesh";
import { type InboundPort, type Upstream } from "../model/proxy";
import { type ClientTls, type ConnectionPool, type TrafficSettings } from "../model/traffic";
import { type Json } from "../types";
import { toAddress } from "./address";
import { toCircuitBreakers } from "./circuit-breakers";
import { inboundCluster, outboundCluster } from "./cluster-name";
import { configSource, type Context, note } from "./context";
import { toLoadAssignment } from "./endpoints";
import { compact, extension, type JsonObject, typed } from "./json";
import { toLoadBalancer } from "./load-balancer";
import { configMetadata } from "./metadata";
import { toHealthyPanicThreshold, toOutlierDetection } from "./outlier-detection";
import { toAutoNames, toUpstreamTls } from "./tls";

const httpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const clusterType = "envoy.config.cluster.v3.Cluster";

/** What a proxy sends requests to. */
export function toCluster(context: Context, upstream: Upstream): JsonObject {
  const { target, traffic, service, protocol } = upstream;
  const name = outboundCluster(target);
  const http2 = speaksHttp2(protocol, traffic.connectionPool);
  note(context, `cluster ${name}`, upstream.origin);
  return typed(clusterType, {
    name,
    ...discovery(context, upstream),
    ...connections(context, traffic),
    ...toLoadBalancer(traffic.loadBalancer),
    outlier_detection: traffic.outlierDetection && toOutlierDetection(traffic.outlierDetection),
    common_lb_config: compact({ healthy_panic_threshold: toHealthyPanicThreshold(upstream) }),
    ...toUpstreamTls(context, upstream, http2),
    metadata: toMetadata(service, upstream.rule, { subset: target.subset, tls: traffic.tls }),
    alt_stat_name: `${name};`,
    typed_extension_protocol_options: toProtocolOptions(traffic, http2),
  });
}

/** The application behind a sidecar: one address, to which all goes that was let in. */
export function toInboundCluster(context: Context, inbound: InboundPort): JsonObject {
  const { port, application, traffic, service, rule, protocol } = inbound;
  const name = inboundCluster(port);
  note(context, `cluster ${name}`, rule?.origin);
  return typed(clusterType, {
    name,
    type: "STATIC",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: toAddress(application) } }] }],
    },
    ...connections(context, traffic),
    common_lb_config: {},
    metadata: service && toMetadata(service, rule, { subset: undefined, tls: undefined }),
    alt_stat_name: `${name};`,
    typed_extension_protocol_options: toProtocolOptions(traffic, protocol === "grpc"),
  });
}

/** Istio's own settings for names that are looked up. */
const lookups: JsonObject = {
  respect_dns_ttl: true,
  dns_lookup_family: "V4_ONLY",
  dns_refresh_rate: "60s",
  dns_jitter: "0.100s",
  typed_dns_resolver_config: extension(
    "envoy.network.dns_resolver.cares",
    "envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
    { udp_max_queries: 100 },
  ),
};

/** Endpoints of the mesh come by file and go with its processes; names of the world outside are looked up. */
function discovery(context: Context, upstream: Upstream): JsonObject {
  const name = outboundCluster(upstream.target);
  if (upstream.service.entry === undefined)
    return {
      type: "EDS",
      eds_cluster_config: { eds_config: configSource(context, "eds", name), service_name: name },
    };
  return {
    type: upstream.service.entry.resolution === "DNS" ? "STRICT_DNS" : "STATIC",
    ...(upstream.service.entry.resolution === "DNS" && lookups),
    load_assignment: toLoadAssignment(upstream),
  };
}

function connections(
  { proxy }: Context,
  { connectionPool, retryBudget }: TrafficSettings,
): Record<string, Json | undefined> {
  const keepalive = connectionPool?.tcpKeepalive;
  return {
    connect_timeout: connectionPool?.connectTimeout ?? proxy.settings.connectTimeout,
    circuit_breakers: toCircuitBreakers(connectionPool, retryBudget),
    upstream_connection_options: keepalive && {
      tcp_keepalive: compact({
        keepalive_probes: keepalive.probes,
        keepalive_time: keepalive.time,
        keepalive_interval: keepalive.interval,
      }),
    },
  };
}

/** Whether a cluster speaks HTTP/2, by its port's name or because its rule says so. */
export function speaksHttp2(protocol: Protocol, pool: ConnectionPool | undefined): boolean {
  if (pool?.protocol === "as-client") return false;
  return protocol === "grpc" || pool?.protocol === "http2";
}

function toProtocolOptions(traffic: TrafficSettings, http2: boolean): Json | undefined {
  const pool = traffic.connectionPool;
  const common = toCommonOptions(pool);
  const names = toAutoNames(traffic);
  const asked = [common, names, pool?.maxConcurrentStreams, pool?.http2Keepalive].some(
    (part) => part !== undefined,
  );
  if (!asked && !http2 && pool?.protocol !== "as-client") return undefined;
  return {
    [httpOptions]: typed(httpOptions, {
      common_http_protocol_options: common,
      upstream_http_protocol_options: names,
      ...toVersion(pool, http2),
    }),
  };
}

function toCommonOptions(pool: ConnectionPool | undefined): JsonObject | undefined {
  const options = compact({
    idle_timeout: pool?.idleTimeout ?? pool?.tcpIdleTimeout,
    max_requests_per_connection: pool?.maxRequestsPerConnection,
    max_connection_duration: pool?.maxConnectionDuration,
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

function toVersion(pool: ConnectionPool | undefined, http2: boolean): Record<string, Json> {
  if (pool?.protocol === "as-client")
    return { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } };
  if (!http2) return { explicit_http_config: { http_protocol_options: {} } };
  const http2_protocol_options = compact({
    max_concurrent_streams: pool?.maxConcurrentStreams,
    connection_keepalive: pool?.http2Keepalive,
  });
  return { explicit_http_config: { http2_protocol_options } };
}

function toMetadata(
  { host, namespace, entry }: Service,
  rule: Identity | undefined,
  { subset, tls }: { subset: string | undefined; tls: ClientTls | undefined },
): Json {
  const [first = ""] = host.split(".");
  return {
    filter_metadata: {
      istio: compact({
        services: [{ name: entry === undefined ? first : host, namespace, host }],
        external: entry !== undefined && subset === undefined ? true : undefined,
        config: rule && configMetadata(rule),
        subset,
        alpn_override: rule !== undefined && tls?.mode === "SIMPLE" ? "false" : undefined,
      }),
    },
  };
}
