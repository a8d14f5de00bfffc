import { type ServiceName, serviceNames } from "../../lib/events";
import { freePort } from "../../lib/free-port";
import { type LocalAddress } from "../../lib/local-http";
import { type Balancer, startBalancer } from "./balancer";
import type { Network } from "./network";
import { directPeers, type ExtraPeers, planInstances, type Replicas, type TakeAddress } from "./topology";

/**
 * No mesh: every process on a loopback port of its own, and a balancer in front of services with replicas. `port` is
 * that of the gateway, 0 for a free one.
 */
export async function openDirectNetwork(options: {
  port: number;
  replicas: Replicas;
  extraPeers: ExtraPeers;
}): Promise<Network> {
  const takePort = takeDistinct();
  const gatewayPort = options.port === 0 ? await takePort() : options.port;
  const single = (options.replicas.gateway ?? 1) === 1;
  const take: TakeAddress = async (name, protocol) => {
    const own = name === "gateway" && protocol === "http" && single;
    return { host: "127.0.0.1", port: own ? gatewayPort : await takePort() };
  };
  const instances = await planInstances(options.replicas, take, options.extraPeers);
  const balancers: Balancer[] = [];
  const httpPorts = {} as Record<ServiceName, number>;
  for (const service of serviceNames) {
    const addresses = instances.filter((entry) => entry.service === service).map(({ http }) => http);
    const [first] = addresses;
    if (addresses.length === 1) httpPorts[service] = portOf(first);
    else {
      const balancer = await startBalancer(service === "gateway" ? gatewayPort : 0, addresses);
      balancers.push(balancer);
      httpPorts[service] = balancer.port;
    }
  }
  return {
    url: `http://localhost:${String(httpPorts.gateway)}`,
    instances,
    findPeer: directPeers(instances, httpPorts),
    surroundings: () => ({}),
    start: () => Promise.resolve(),
    async stop() {
      await Promise.all(balancers.splice(0).map((balancer) => balancer.stop()));
    },
  };
}

const portOf = (address: LocalAddress | undefined): number =>
  address !== undefined && "port" in address ? address.port : 0;

/** Free ports, none of them twice. */
function takeDistinct(): () => Promise<number> {
  const taken = new Set<number>();
  return async () => {
    for (;;) {
      const port = await freePort();
      if (taken.has(port)) continue;
      taken.add(port);
      return port;
    }
  };
}
