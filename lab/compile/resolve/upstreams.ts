import { type Identity, selects } from "../model/common";
import { type Mesh, type Service, type ServiceEndpoint } from "../model/mesh";
import { type IngressPort, type OutboundPort, type Proxy, type Route, type Upstream } from "../model/proxy";
import { type Target } from "../model/routing";
import { type DestinationRule } from "../model/traffic";
import { type Workload } from "../types";
import { expectedMode, mutualTlsAt } from "./policies";
import { ruleFor, settingsAt } from "./traffic";

type Uses = { outbound: OutboundPort[]; ingress: IngressPort[] } & Pick<Proxy, "jwt" | "tracing">;

/**
 * What a proxy can reach: its peers, what their routes name, where keys are fetched and spans go. Each port of a
 * service brings its subsets along, as istiod has it.
 */
export function upstreamsOf(mesh: Mesh, workload: Workload, uses: Uses): Upstream[] {
  const wanted = new Map<string, { service: Service; port: number }>();
  for (const { host, port } of targetsOf(uses)) {
    const service = mesh.services.get(host);
    if (service !== undefined) wanted.set(`${host}:${String(port)}`, { service, port });
  }
  return [...wanted.keys()].sort().flatMap((key) => {
    const use = wanted.get(key);
    return use === undefined ? [] : upstreamsAt(mesh, workload, use);
  });
}

function targetsOf({ outbound, ingress, jwt, tracing }: Uses): { host: string; port: number }[] {
  const routes = [...outbound.flatMap((port) => port.routes), ...ingress.flatMap(routesIn)];
  return [
    ...outbound,
    ...routes.flatMap(({ action }): Target[] =>
      action.kind === "forward"
        ? [...action.destinations, ...action.mirrors].map(({ target }) => target)
        : [],
    ),
    ...jwt.flatMap(({ rule: { keys } }) => ("uri" in keys ? [keys] : [])),
    ...(tracing === undefined ? [] : [tracing.collector]),
  ];
}

const routesIn = ({ virtualHosts }: IngressPort): Route[] => virtualHosts.flatMap(({ routes }) => routes);

function upstreamsAt(
  mesh: Mesh,
  workload: Workload,
  { service, port }: { service: Service; port: number },
): Upstream[] {
  const rule = ruleFor(mesh, service, workload.namespace);
  const protocol = service.ports.find(({ number }) => number === port)?.protocol;
  if (protocol === undefined) return [];
  const endpoints = service.endpoints.map((endpoint) => ({
    ...endpoint,
    mutualTls: service.meshed && takesMutualTls(mesh, endpoint, port),
  }));
  const identities = [...new Set(service.endpoints.flatMap(({ identity }) => identity ?? []))].sort();
  const common = {
    service,
    protocol,
    identities,
    autoMutualTls:
      service.entry === undefined && expectedMode(mesh.peerAuthentications, service.namespace) !== "DISABLE",
    rule: rule as Identity | undefined,
  };
  return [
    {
      ...common,
      target: { host: service.host, subset: undefined, port },
      endpoints,
      traffic: settingsAt(rule, port),
      origin: rule?.origin ?? service.entry?.origin,
    },
    ...(rule?.subsets ?? []).map((subset) => ({
      ...common,
      target: { host: service.host, subset: subset.name, port },
      endpoints: endpoints.filter(({ labels }) => selects(subset.labels, labels)),
      traffic: settingsAt(rule as DestinationRule, port, subset.name),
      origin: subset.origin,
    })),
  ];
}

/** A workload, or one of its ports, may be without mutual TLS where its namespace has it. */
function takesMutualTls(mesh: Mesh, { workload: name }: ServiceEndpoint, port: number): boolean {
  const workload = mesh.workloads.find((one) => one.name === name);
  return workload !== undefined && mutualTlsAt(mesh, workload, port).mode !== "DISABLE";
}
