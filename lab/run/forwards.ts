import { type ServiceName } from "../../lib/events";
import { type LocalAddress } from "../../lib/local-http";
import { type Balancer, startBalancer } from "./balancer";
import { Failure } from "./failure";

/** Ways to the services past the mesh, as `kubectl port-forward` opens them on a cluster. */
export type ServiceForwards = {
  /** The URL of a service itself, all its replicas in turn; opened when it is asked for. */
  open(service: ServiceName): Promise<string>;
  close(): Promise<void>;
};

/** `addresses` gives where the processes of a service listen. A single port needs no forward. */
export function createServiceForwards(
  addresses: (service: ServiceName) => readonly LocalAddress[],
): ServiceForwards {
  const balancers = new Map<ServiceName, Promise<Balancer>>();
  return {
    async open(service) {
      const targets = addresses(service);
      const [first] = targets;
      if (first === undefined)
        throw new Failure("run.no_service", `${service} does not run`, { fix: "see ./symphony status" });
      if (targets.length === 1 && "port" in first) return `http://${first.host}:${String(first.port)}`;
      const known = balancers.get(service) ?? startBalancer(0, targets);
      balancers.set(service, known);
      return `http://127.0.0.1:${String((await known).port)}`;
    },
    async close() {
      const open = [...balancers.values()];
      balancers.clear();
      await Promise.all(open.map(async (balancer) => (await balancer).stop()));
    },
  };
}
