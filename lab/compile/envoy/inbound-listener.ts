import { type InboundPort } from "../model/proxy";
import { toListenerAccessLog } from "./access-log";
import { toAddress } from "./address";
import { inboundCluster } from "./cluster-name";
import { toConnectionManager } from "./connection-manager";
import { type Context, note } from "./context";
import { type ChainKind, chainsFor } from "./filter-chains";
import { compact, extension, type JsonObject, typed } from "./json";
import { toNetworkAuthorization } from "./rbac";
import { toTcpProxy } from "./tcp-proxy";
import { toDownstreamTls } from "./tls";

/** Tells TLS from plain text, and reads what is announced. */
const tlsInspector = extension(
  "envoy.filters.listener.tls_inspector",
  "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector",
  { initial_read_buffer_size: 512 },
);

/** Where a workload takes what others send it. */
export function toInboundListener(context: Context, inbound: InboundPort): JsonObject {
  const chains = chainsFor(inbound.mode, inbound.protocol);
  note(context, `listener inbound/${String(inbound.port)}`, inbound.modeOrigin);
  return typed("envoy.config.listener.v3.Listener", {
    name: `inbound_0.0.0.0_${String(inbound.port)}`,
    address: toAddress(inbound.listen),
    filter_chains: chains.map((chain) => toFilterChain(context, inbound, chain)),
    listener_filters: chains.some(({ match }) => match.transport_protocol === "tls")
      ? [tlsInspector]
      : undefined,
    listener_filters_timeout: "0s",
    traffic_direction: "INBOUND",
    continue_on_listener_filters_timeout: true,
    access_log: toListenerAccessLog(context.proxy.settings),
    max_connections_to_accept_per_socket_event: 1,
  });
}

function toFilterChain(
  context: Context,
  inbound: InboundPort,
  { match, terminatesTls }: ChainKind,
): JsonObject {
  return compact({
    filter_chain_match: match,
    filters:
      inbound.protocol === "tcp"
        ? [
            ...toNetworkAuthorization(context, inbound.port),
            toTcpProxy(context, inboundCluster(inbound.port)),
          ]
        : [toHttp(context, inbound)],
    transport_socket: terminatesTls ? toDownstreamTls(context) : undefined,
    name: `0.0.0.0_${String(inbound.port)}`,
  });
}

function toHttp(context: Context, inbound: InboundPort): JsonObject {
  const { port, protocol } = inbound;
  return toConnectionManager(
    context,
    { direction: "inbound", port },
    {
      route_config: {
        name: inboundCluster(port),
        virtual_hosts: [{ name: `inbound|http|${String(port)}`, domains: ["*"], routes: [toRoute(inbound)] }],
        validate_clusters: false,
      },
      http2_protocol_options: protocol === "grpc" ? {} : undefined,
    },
  );
}

/** No timeout: how long a call may take is its caller's to say. */
function toRoute({ port, protocol, service }: InboundPort): JsonObject {
  return {
    match: { prefix: "/" },
    route: compact({
      cluster: inboundCluster(port),
      timeout: "0s",
      // A connection that the application closed just then; not for streams of gRPC.
      retry_policy: protocol === "grpc" ? undefined : { retry_on: "reset-before-request", num_retries: 2 },
      max_stream_duration: { max_stream_duration: "0s", grpc_timeout_header_max: "0s" },
    }),
    decorator: { operation: `${service?.host ?? ""}:${String(port)}/*` },
    name: "default",
  };
}
