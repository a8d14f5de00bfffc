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
  const result: Record<string, Features> = {
    [resource]: {
      ...(isInbound && { "who may connect": chains.map((chain) => reduceMatch(chain)) }),
      "access log": isInbound ? reduceAccessLog(Fields.of(listener)) : undefined,
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
  for (const name of ["filter_chain_match", "name"]) fields.take(name);
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
