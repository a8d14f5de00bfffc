import { type ServiceName, serviceNames } from "../../lib/events";
import { type LocalAddress, requestLocal } from "../../lib/local-http";
import { stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { type System } from "../target/system";
import { parseMetrics, type Sample } from "./open-metrics";

const timeoutMs = 5_000;

/** Where each process of `services` serves: on this machine every replica, on a cluster one of them. */
async function addresses(system: System, services: readonly ServiceName[]): Promise<LocalAddress[]> {
  if (system.target === "kube") {
    const urls = await Promise.all(services.map((service) => system.serviceUrl(service)));
    return urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }));
  }
  return requireRunning(stateFolder())
    .processes.filter(({ service }) => service !== undefined && services.includes(service))
    .flatMap(({ address }) => (address === undefined ? [] : [address]));
}

/** The metrics of every process of `services` (all); a process that does not answer is left out. */
export async function scrape(
  system: System,
  services: readonly ServiceName[] = serviceNames,
): Promise<Sample[]> {
  const served = await addresses(system, services);
  const texts = await Promise.all(
    served.map((address) =>
      requestLocal(address, "/metrics", { timeoutMs })
        .then(({ status, body }) => (status === 200 ? body : ""))
        .catch(() => ""),
    ),
  );
  return texts.flatMap(parseMetrics);
}
