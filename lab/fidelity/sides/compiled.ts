import { type Json, type ProxyConfig, type Workload, type World } from "../../compile/types";
import { type NameAddress } from "../reduce/endpoints";
import { type JsonObject, normal, objectOf, objectsOf, textOf } from "../reduce/json";
import { type ProxySources } from "../reduce/reduce";

/** What our compiler told a proxy. */
export function fromCompiled(config: ProxyConfig, workload: Workload, world: World): ProxySources {
  const nameAddress = nameByListener(world);
  return {
    doors: config.listeners.map((listener) => toDoor(asObject(listener))),
    hosts: Object.values(config.routes).flatMap((route) => {
      const routes = asObject(route);
      return objectsOf(routes.virtual_hosts).map((host) => ({
        resource: `${workload.kind === "gateway" ? "ingress" : "outbound"} ${String(host.name)}`,
        host,
        config: routes,
      }));
    }),
    clusters: config.clusters.map((cluster) => {
      const resource = asObject(cluster);
      const endpoints = config.endpoints[String(resource.name)];
      return {
        cluster: resource,
        endpoints: endpoints === undefined ? undefined : asObject(endpoints),
        nameAddress,
      };
    }),
  };
}

const asObject = (value: Json): JsonObject => objectOf(normal(value));

function toDoor(listener: JsonObject): ProxySources["doors"][number] {
  const { filter_chains, ...rest } = listener;
  return { resource: resourceOf(String(listener.name)), listener: rest, chains: objectsOf(filter_chains) };
}

function resourceOf(name: string): string {
  const parts = name.split("_");
  const port = parts.at(-1) ?? "";
  if (parts[0] === "inbound") return `inbound ${port}`;
  return parts[0] === "outbound" ? `outbound ${parts.slice(1, -1).join("_")}:${port}` : `ingress ${port}`;
}

/** Each workload's ports have addresses of their own here. */
function nameByListener({ workloads }: World): NameAddress {
  const names = new Map<string, string>();
  for (const { name, inbound } of workloads)
    for (const { port, listen, application } of inbound)
      for (const address of [listen, application]) {
        const socket: JsonObject =
          "pipe" in address
            ? { pipe: { path: address.pipe } }
            : { socket_address: { address: address.host, port_value: address.port } };
        names.set(textOf(socket), `${name}:${String(port)}`);
      }
  return (address) => names.get(textOf(address)) ?? plainAddress(address);
}

/** `192.0.2.1:8080`, or a pipe's path. */
export function plainAddress(address: JsonObject): string {
  const { address: host, port_value: port } = objectOf(address.socket_address);
  return host === undefined ? String(objectOf(address.pipe).path) : `${String(host)}:${String(port)}`;
}
