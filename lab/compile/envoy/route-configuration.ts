import { type Route } from "../model/proxy";
import { type Json } from "../types";
import { type Context, note } from "./context";
import { toCors } from "./cors";
import { toFault } from "./fault";
import { toHeaderOperations } from "./header-operations";
import { compact, type JsonObject, typed } from "./json";
import { configMetadata } from "./metadata";
import { toAction } from "./route-action";
import { describePath, toRouteMatch } from "./route-match";

export type VirtualHost = { name: string; domains: string[]; routes: Route[] };

/** A route configuration as a discovery resource. */
export function toRouteConfiguration(context: Context, name: string, hosts: VirtualHost[]): Json {
  return typed("envoy.config.route.v3.RouteConfiguration", {
    name,
    virtual_hosts: hosts.map((host) => ({
      name: host.name,
      domains: host.domains,
      routes: host.routes.map((route, index) => {
        note(context, `route ${name}/${route.name === "" ? String(index) : route.name}`, route.origin);
        return toRoute(route);
      }),
      include_request_attempt_count: true,
    })),
    validate_clusters: false,
    // As much as istiod lets a direct response hold.
    max_direct_response_body_size_bytes: 1_048_576,
    ignore_port_in_host_matching: true,
  });
}

function toRoute(route: Route): JsonObject {
  return compact({
    match: toRouteMatch(route.match),
    ...toAction(route),
    metadata: route.owner && { filter_metadata: { istio: { config: configMetadata(route.owner) } } },
    decorator: { operation: describe(route) },
    ...toHeaders(route),
    typed_per_filter_config: toFilterConfig(route),
    stat_prefix: route.match?.statPrefix,
    name: route.name === "" ? undefined : route.name,
  });
}

/** A single destination's headers are changed along with the route's own. */
function toHeaders({ headers, action }: Route): Record<string, Json | undefined> {
  const own = toHeaderOperations(headers);
  const single =
    action.kind === "forward" && action.destinations.length === 1 ? action.destinations[0] : undefined;
  const further = toHeaderOperations(single?.headers);
  const names = new Set([...Object.keys(own), ...Object.keys(further)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const all = [...(own[name] ?? []), ...(further[name] ?? [])];
      return [name, all.length === 0 ? undefined : all];
    }),
  );
}

function toFilterConfig({ fault, cors }: Route): JsonObject | undefined {
  const config = compact({
    "envoy.filters.http.fault": fault && toFault(fault),
    "envoy.filters.http.cors": cors && toCors(cors),
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

/** The name of a span: the one host that a route leads to, or else the VirtualService's name. */
function describe({ action, match, owner, port }: Route): string {
  const path = describePath(match);
  const single =
    action.kind === "forward" && action.destinations.length === 1 ? action.destinations[0] : undefined;
  if (single === undefined) return `${owner?.name ?? ""}:${String(port)}${path}`;
  return `${single.target.host}:${String(single.target.port)}${path}`;
}
