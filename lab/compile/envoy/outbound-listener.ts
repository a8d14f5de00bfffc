import { type IngressPort, type OutboundPort } from "../model/proxy";
import { toListenerAccessLog } from "./access-log";
import { toAddress } from "./address";
import { outboundCluster } from "./cluster-name";
import { toConnectionManager } from "./connection-manager";
import { configSource, type Context, note } from "./context";
import { type JsonObject, typed } from "./json";
import { type VirtualHost } from "./route-configuration";
import { toTcpProxy } from "./tcp-proxy";

const type = "envoy.config.listener.v3.Listener";

/** Where a workload's own application finds a peer. On a cluster its traffic would be intercepted instead. */
export function toOutboundListener(context: Context, outbound: OutboundPort): JsonObject {
  const { host, port, protocol, listen } = outbound;
  const filter =
    protocol === "tcp"
      ? toTcpProxy(context, outboundCluster({ host, port, subset: undefined }), outbound.connections)
      : toConnectionManager(
          context,
          { direction: "outbound", port },
          {
            rds: {
              config_source: configSource(context, "rds", routeName(outbound)),
              route_config_name: routeName(outbound),
            },
          },
        );
  return typed(type, {
    name: `outbound_${host}_${String(port)}`,
    address: toAddress(listen),
    filter_chains: [{ filters: [filter], transport_socket_connect_timeout: "15s" }],
    traffic_direction: "OUTBOUND",
  });
}

/** `inventory.symphony.svc.cluster.local:8080`: each host has a listener, and so a route configuration, of its own. */
export const routeName = ({ host, port }: OutboundPort): string => `${host}:${String(port)}`;

/** The one host that a listener's requests are for, whatever they call it. */
export function virtualHostsOf(outbound: OutboundPort): VirtualHost[] {
  return [{ name: routeName(outbound), domains: ["*"], routes: outbound.routes }];
}

/** Where the outside comes in. */
export function toIngressListener(context: Context, ingress: IngressPort): JsonObject {
  const { port, listen, origin } = ingress;
  const name = ingressRouteName(ingress);
  note(context, `listener ingress/${String(port)}`, origin);
  const filter = toConnectionManager(
    context,
    { direction: "ingress", port },
    { rds: { config_source: configSource(context, "rds", name), route_config_name: name } },
  );
  return typed(type, {
    name: `0.0.0.0_${String(port)}`,
    address: toAddress(listen),
    filter_chains: [{ filters: [filter], transport_socket_connect_timeout: "15s" }],
    traffic_direction: "OUTBOUND",
    access_log: toListenerAccessLog(context.proxy.settings),
    max_connections_to_accept_per_socket_event: 1,
  });
}

/** `http.80`, as Istio names the routes of a gateway's port. */
export const ingressRouteName = ({ port }: IngressPort): string => `http.${String(port)}`;

export function ingressVirtualHosts({ port, virtualHosts }: IngressPort): VirtualHost[] {
  return virtualHosts.map(({ host, routes }) => ({
    name: `${host}:${String(port)}`,
    domains: [host],
    routes,
  }));
}
