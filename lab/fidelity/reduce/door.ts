import { type Json } from "../../compile/types";
import { reduceAccessLog } from "./access-log";
import { reduceConnectionManager } from "./connection-manager";
import { type Features } from "./feature";
import { reduceFilters } from "./filters";
import { Fields, isObject, type JsonObject, objectOf, objectsOf, omit } from "./json";
import { reduceTls } from "./tls";
import { reduceVirtualHost } from "./virtual-host";

/** A place where a proxy takes connections: a port of its workload, a peer's host and port, a port of the ingress. */
export type Door = { resource: string; listener: JsonObject; chains: JsonObject[] };

const managerName = "envoy.filters.network.http_connection_manager";

/** A door, and for every way of coming in what happens then, by resource. */
export function reduceDoor({ resource, listener, chains }: Door): Record<string, Features> {
  const isInbound = resource.startsWith("inbound ");
  const isOutbound = resource.startsWith("outbound ");
  const result: Record<string, Features> = {
    [resource]: {
      ...(isInbound && { "who may connect": chains.map((chain) => reduceMatch(chain)) }),
      // Of connections that no chain takes, which is for a port that others connect to.
      "access log of connections": isOutbound ? undefined : reduceAccessLog(Fields.of(listener)),
      listener: isOutbound ? (listener.traffic_direction ?? null) : reduceListener(listener, chains),
    },
  };
  const port = Number(/\d+$/.exec(resource)?.[0]);
  for (const chain of chains) {
    const name = isInbound ? nameOf(resource, chain) : resource;
    for (const [part, features] of Object.entries(reduceChain(chain, name, port)))
      result[part] = { ...result[part], ...features };
  }
  return result;
}

/** How connections are taken. Whether TLS is looked for matters where a chain asks for it. */
function reduceListener(listener: JsonObject, chains: JsonObject[]): Json {
  const asksForTls = chains.some((chain) => objectOf(chain.filter_chain_match).transport_protocol === "tls");
  const inspectors = objectsOf(listener.listener_filters)
    .filter(({ name }) => name === "envoy.filters.listener.tls_inspector")
    // Disabled for the port of the interception itself, which a laptop has not.
    .map((filter) => omit(filter, "filter_disabled"));
  return {
    ...Fields.of(listener).takeAll(
      "traffic_direction",
      "listener_filters_timeout",
      "continue_on_listener_filters_timeout",
      "max_connections_to_accept_per_socket_event",
    ),
    ...(asksForTls && { inspectors }),
  };
}

/** Which connections a chain takes. Of their port there is no need to speak: a laptop's listener has one. */
const reduceMatch = (chain: JsonObject): Json => omit(objectOf(chain.filter_chain_match), "destination_port");

/** `inbound 8080 over tls`. */
function nameOf(resource: string, chain: JsonObject): string {
  const { transport_protocol = "any", application_protocols } = objectOf(chain.filter_chain_match);
  const mesh = application_protocols === undefined ? "" : " of the mesh";
  return `${resource} over ${String(transport_protocol)}${mesh}`;
}

function reduceChain(chain: JsonObject, resource: string, port: number): Record<string, Features> {
  const fields = Fields.of(chain);
  const tls = reduceTls(fields);
  const filters = objectsOf(fields.take("filters"));
  fields.take("filter_chain_match");
  // An outbound listener is for one host here, so that its chain has no need of a name.
  if (!resource.startsWith("inbound ")) fields.take("name");
  const manager = filters.find(({ name }) => name === managerName);
  const network = filters.filter((filter) => filter !== manager);
  const config = objectOf(manager?.typed_config);
  return {
    [resource]: {
      "downstream TLS": tls,
      ...(manager !== undefined && { ...reduceConnectionManager(config, port) }),
      ...reduceNetwork(network, { port, beside: manager !== undefined }),
      "other of listeners": fields.rest(),
    },
    ...inlineRoutes(config, resource),
  };
}

/** Filters of a TCP port, or of the connections that an HTTP connection manager, `beside` them, reads. */
function reduceNetwork(filters: JsonObject[], { port, beside }: { port: number; beside: boolean }): Features {
  if (filters.length === 0) return {};
  const logs = filters.map((filter) => {
    const config = Fields.of(objectOf(filter.typed_config));
    const log = reduceAccessLog(config);
    return { log, filter: { ...filter, typed_config: config.rest() ?? {} } };
  });
  const { "order of filters": order, ...rest } = reduceFilters(
    logs.map(({ filter }) => filter),
    port,
  );
  return {
    "order of network filters": order,
    ...rest,
    ...(!beside && { "access log": logs.find(({ log }) => log !== undefined)?.log }),
  };
}

/** Routes that stand in the listener: those of a workload's own ports. */
function inlineRoutes(manager: JsonObject, resource: string): Record<string, Features> {
  const config = manager.route_config;
  if (!isObject(config)) return {};
  return Object.assign(
    {},
    ...objectsOf(config.virtual_hosts).map((host) =>
      reduceVirtualHost({ resource: `routes of ${resource}`, host, config }),
    ),
  ) as Record<string, Features>;
}
