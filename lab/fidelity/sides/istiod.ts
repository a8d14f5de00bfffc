import { type Json, type ProxyConfig, type Workload, type World } from "../../compile/types";
import { podAddress, serviceAddress } from "../istiod/objects";
import { type NameAddress } from "../reduce/endpoints";
import { type JsonObject, normal, objectOf, objectsOf } from "../reduce/json";
import { type ProxySources } from "../reduce/reduce";
import { plainAddress } from "./compiled";

type Dump = {
  listeners: JsonObject[];
  clusters: JsonObject[];
  routes: JsonObject[];
  endpoints: JsonObject[];
};

/**
 * What istiod told a proxy, as far as it concerns what a laptop has: the doors and peers that `workload` has here,
 * and the clusters that `ours` can reach.
 */
export function fromIstiod(
  configs: Json[],
  { workload, world, ours }: { workload: Workload; world: World; ours: ProxyConfig },
): ProxySources {
  const dump = unpack(configs.map((config) => objectOf(normal(config))));
  const nameAddress = nameByPod(world);
  const reachable = new Set(ours.clusters.map((cluster) => String(objectOf(cluster).name)));
  return {
    doors: [
      ...workload.inbound.map(({ port }) => inboundDoor(dump, port)),
      ...workload.outbound.map((peer) => outboundDoor(dump, peer, world)),
      ...(workload.gatewayPorts ?? []).map(({ port }) => ingressDoor(dump, port)),
    ].filter(({ chains }) => chains.length > 0),
    hosts: [
      ...workload.outbound.flatMap((peer) => peerHosts(dump, peer)),
      ...(workload.gatewayPorts ?? []).flatMap(({ port }) => ingressHosts(dump, port)),
    ],
    clusters: dump.clusters
      .filter(({ name }) => reachable.has(String(name)))
      .map((cluster) => ({
        cluster,
        endpoints: dump.endpoints.find(({ cluster_name }) => cluster_name === cluster.name),
        nameAddress,
      })),
  };
}

function unpack(configs: JsonObject[]): Dump {
  const all = (field: string, get: (item: JsonObject) => Json | undefined): JsonObject[] =>
    configs.flatMap((config) => objectsOf(config[field]).map((item) => objectOf(get(item))));
  return {
    listeners: all("dynamic_listeners", ({ active_state }) => objectOf(active_state).listener),
    clusters: all("dynamic_active_clusters", ({ cluster }) => cluster),
    routes: all("dynamic_route_configs", ({ route_config }) => route_config),
    endpoints: all("dynamic_endpoint_configs", ({ endpoint_config }) => endpoint_config),
  };
}

type Door = ProxySources["doors"][number];

/** On a cluster one listener takes what is intercepted, and tells ports apart by its chains. */
function inboundDoor({ listeners }: Dump, port: number): Door {
  const { filter_chains, ...listener } = listeners.find(({ name }) => name === "virtualInbound") ?? {};
  return {
    resource: `inbound ${String(port)}`,
    listener,
    chains: objectsOf(filter_chains).filter(
      ({ filter_chain_match }) => objectOf(filter_chain_match).destination_port === port,
    ),
  };
}

/**
 * By the service's own address where there is such a listener, which is so for TCP. Where hosts share one, and are told
 * apart by the name that TLS asks for, the chain of this host; then its filters are what is left to compare.
 */
function outboundDoor({ listeners }: Dump, { host, port }: Workload["outbound"][number], world: World): Door {
  const index = world.services.findIndex((service) => service.host === host);
  const names = [`${serviceAddress(index)}_${String(port)}`, `0.0.0.0_${String(port)}`];
  const found = names.flatMap((name) => listeners.filter((listener) => listener.name === name));
  const { filter_chains, default_filter_chain, ...listener } = found[0] ?? {};
  const chains = objectsOf(filter_chains);
  const named = chains.filter(({ filter_chain_match }) => {
    const { server_names } = objectOf(filter_chain_match);
    return Array.isArray(server_names) && server_names.includes(host);
  });
  const [first] = [...named, ...chains, objectOf(default_filter_chain)];
  const resource = `outbound ${host}:${String(port)}`;
  return { resource, listener, chains: first === undefined ? [] : [first] };
}

function ingressDoor({ listeners }: Dump, port: number): Door {
  const { filter_chains, ...listener } =
    listeners.find(({ name }) => name === `0.0.0.0_${String(port)}`) ?? {};
  return { resource: `ingress ${String(port)}`, listener, chains: objectsOf(filter_chains) };
}

function peerHosts({ routes }: Dump, { host, port }: Workload["outbound"][number]): ProxySources["hosts"] {
  const config = routes.find(({ name }) => String(name) === String(port)) ?? {};
  return objectsOf(config.virtual_hosts)
    .filter(({ domains }) => Array.isArray(domains) && domains.includes(host))
    .map((found) => ({ resource: `outbound ${host}:${String(port)}`, host: found, config }));
}

function ingressHosts({ routes }: Dump, port: number): ProxySources["hosts"] {
  const config = routes.find(({ name }) => name === `http.${String(port)}`) ?? {};
  // Where there is no route at all istiod puts a host that answers 404, which Envoy does by itself as well.
  const hosts = objectsOf(config.virtual_hosts).filter(({ name }) => name !== `blackhole:${String(port)}`);
  return hosts.map((host) => ({
    resource: `ingress ${String(host.name)}`,
    host,
    config,
  }));
}

/** A pod's address is its workload's. */
function nameByPod({ workloads }: World): NameAddress {
  const names = new Map(workloads.map(({ name }, index) => [podAddress(index), name]));
  return (address) => {
    const { address: host, port_value: port } = objectOf(address.socket_address);
    const name = names.get(String(host));
    return name === undefined ? plainAddress(address) : `${name}:${String(port)}`;
  };
}
