import { type ServiceName, serviceNames } from "../../lib/events";
import { stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { type System } from "../target/system";
import { parseMetrics, type Sample } from "./open-metrics";

const timeoutMs = 5_000;

/** Where each process of `services` serves: on this machine every replica, on a cluster one of them. */
async function addresses(system: System, services: readonly ServiceName[]): Promise<string[]> {
  if (system.target === "kube") return Promise.all(services.map((service) => system.serviceUrl(service)));
  return requireRunning(stateFolder())
    .processes.filter(({ service }) => service !== undefined && services.includes(service))
    .flatMap(({ url }) => (url === undefined ? [] : [url]));
}

/** The metrics of every process of `services` (all); a process that does not answer is left out. */
export async function scrape(
  system: System,
  services: readonly ServiceName[] = serviceNames,
): Promise<Sample[]> {
  const urls = await addresses(system, services);
  const texts = await Promise.all(
    urls.map((url) =>
      fetch(`${url}/metrics`, { signal: AbortSignal.timeout(timeoutMs) })
        .then((response) => (response.ok ? response.text() : ""))
        .catch(() => ""),
    ),
  );
  return texts.flatMap(parseMetrics);
}
