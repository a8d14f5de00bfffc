import { selects } from "../model/common";
import { type Service, type ServiceEndpoint } from "../model/mesh";
import { type MeshService, type Workload, type World } from "../types";

/** `spiffe://cluster.local/ns/symphony/sa/order`: who a workload is in its certificate. */
export const identityOf = (trustDomain: string, { namespace, serviceAccount }: Workload): string =>
  `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;

/** The registry's services with their endpoints, by host. */
export function toServices(world: World): Map<string, Service> {
  return new Map(world.services.map((service) => [service.host, toService(service, world)]));
}

/** The workloads behind a service. */
export function workloadsOf({ namespace, selector }: MeshService, workloads: Workload[]): Workload[] {
  return workloads.filter(
    (workload) => workload.namespace === namespace && selects(selector, workload.labels),
  );
}

function toService(service: MeshService, { trustDomain, workloads }: World): Service {
  return {
    host: service.host,
    namespace: service.namespace,
    ports: service.ports.map(({ number, protocol }) => ({ number, protocol })),
    endpoints: workloadsOf(service, workloads).map((workload) => toEndpoint(service, workload, trustDomain)),
    meshed: service.meshed,
    entry: undefined,
  };
}

/** A sidecar takes what is meant for its workload; without one the application itself is reached. */
function toEndpoint({ meshed }: MeshService, workload: Workload, trustDomain: string): ServiceEndpoint {
  return {
    workload: workload.name,
    labels: workload.labels,
    identity: identityOf(trustDomain, workload),
    addresses: new Map(
      workload.inbound.map(({ port, listen, application }) => [port, meshed ? listen : application]),
    ),
    weight: 1,
  };
}
