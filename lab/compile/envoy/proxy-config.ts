import { type Proxy, type Upstream } from "../model/proxy";
import { type CompileOptions, type Json, type Origin, type ProxyConfig } from "../types";
import { toCluster, toInboundCluster } from "./cluster";
import { outboundCluster } from "./cluster-name";
import { type Context } from "./context";
import { toEndpointResource } from "./endpoints";
import { toInboundListener } from "./inbound-listener";
import { type JsonObject } from "./json";
import {
  ingressRouteName,
  ingressVirtualHosts,
  routeName,
  toIngressListener,
  toOutboundListener,
  virtualHostsOf,
} from "./outbound-listener";
import { patchListener } from "./patch";
import { toRouteConfiguration } from "./route-configuration";

/** Pass 2: what holds for a proxy, written down for Envoy. `applied` collects the patches that found their place. */
export function toProxyConfig(proxy: Proxy, options: CompileOptions, applied: Set<string>): ProxyConfig {
  const context: Context = { proxy, options, origins: [], applied };
  const byFile = proxy.upstreams.filter(({ service }) => service.entry === undefined);
  return {
    listeners: toListeners(context),
    clusters: [
      ...proxy.inbound.map((inbound) => toInboundCluster(context, inbound)),
      ...proxy.upstreams.map((upstream) => toCluster(context, upstream)),
    ],
    routes: toRoutes(context),
    endpoints: Object.fromEntries(byFile.map((upstream) => [nameOf(upstream), toEndpointResource(upstream)])),
    origins: distinct(context.origins),
  };
}

const nameOf = ({ target }: Upstream): string => outboundCluster(target);

function toListeners(context: Context): JsonObject[] {
  const { inbound, outbound, ingress } = context.proxy;
  return [
    ...inbound.map((port) => {
      const listener = toInboundListener(context, port);
      patchListener(context, listener, {
        context: "SIDECAR_INBOUND",
        names: ["virtualInbound"],
        port: port.port,
      });
      return listener;
    }),
    ...outbound.map((port) => {
      const listener = toOutboundListener(context, port);
      const names = [`0.0.0.0_${String(port.port)}`];
      patchListener(context, listener, { context: "SIDECAR_OUTBOUND", names, port: port.port });
      return listener;
    }),
    ...ingress.map((port) => {
      const listener = toIngressListener(context, port);
      const names = [`0.0.0.0_${String(port.port)}`];
      patchListener(context, listener, { context: "GATEWAY", names, port: port.port });
      return listener;
    }),
  ];
}

function toRoutes(context: Context): Record<string, Json> {
  const { outbound, ingress } = context.proxy;
  return Object.fromEntries([
    ...outbound
      .filter(({ protocol }) => protocol !== "tcp")
      .map((port): [string, Json] => [
        routeName(port),
        toRouteConfiguration(context, routeName(port), virtualHostsOf(port)),
      ]),
    ...ingress.map((port): [string, Json] => [
      ingressRouteName(port),
      toRouteConfiguration(context, ingressRouteName(port), ingressVirtualHosts(port)),
    ]),
  ]);
}

/** A filter stands in several listeners, and its origin is the same in all. */
function distinct(origins: Origin[]): Origin[] {
  const seen = new Map(
    origins.map((origin) => [`${origin.resource} ${origin.file}:${String(origin.line)}`, origin]),
  );
  return [...seen.values()];
}
