import { selects } from "../model/common";
import { type Mesh, type Service } from "../model/mesh";
import {
  type InboundPort,
  type IngressPort,
  type OutboundPort,
  type Proxy,
  type Route,
} from "../model/proxy";
import { type Gateway, type VirtualService } from "../model/routing";
import { type Workload } from "../types";
import { about, mutualTlsAt, patchesOf, tracingOf } from "./policies";
import { covers } from "./registry";
import { defaultRoute, routesOf } from "./routes";
import { ruleFor, settingsAt } from "./traffic";
import { upstreamsOf } from "./upstreams";

/** Everything that holds for the proxy of one workload. */
export function resolveProxy(mesh: Mesh, workload: Workload): Proxy {
  const outbound = workload.outbound.flatMap((port) => resolveOutbound(mesh, workload, port) ?? []);
  const ingress = resolveIngress(mesh, workload);
  const jwt = about(mesh.requestAuthentications, workload)
    .flatMap(({ rules, origin }) => rules.map((rule) => ({ rule, origin })))
    .sort((a, b) => (a.rule.issuer < b.rule.issuer ? -1 : a.rule.issuer > b.rule.issuer ? 1 : 0));
  const tracing = tracingOf(mesh, workload);
  return {
    workload,
    trustDomain: mesh.trustDomain,
    settings: mesh.settings,
    inbound: workload.inbound.map((port) => resolveInbound(mesh, workload, port)),
    outbound,
    ingress,
    upstreams: upstreamsOf(mesh, workload, { outbound, ingress, jwt, tracing }),
    authorization: about(mesh.authorizationPolicies, workload),
    jwt,
    tracing,
    patches: patchesOf(mesh, workload),
  };
}

/** The service whose port a workload's container port is. */
function serviceAt(mesh: Mesh, workload: Workload, port: number): Service | undefined {
  return [...mesh.services.values()].find(
    (service) =>
      service.namespace === workload.namespace &&
      service.ports.some(({ number }) => number === port) &&
      service.endpoints.some((endpoint) => endpoint.workload === workload.name),
  );
}

function resolveInbound(mesh: Mesh, workload: Workload, inbound: Workload["inbound"][number]): InboundPort {
  const service = serviceAt(mesh, workload, inbound.port);
  const rule = service && ruleFor(mesh, service, workload.namespace);
  const { connectionPool, retryBudget } = settingsAt(rule, inbound.port);
  const { mode, origin } = mutualTlsAt(mesh, workload, inbound.port);
  return {
    ...inbound,
    service,
    protocol: service?.ports.find(({ number }) => number === inbound.port)?.protocol ?? "tcp",
    mode,
    modeOrigin: origin,
    // The callee has room for as much as its callers may send; all else is the callers' matter.
    traffic: { connectionPool, retryBudget },
    rule: rule?.policy === undefined ? undefined : rule,
  };
}

function resolveOutbound(
  mesh: Mesh,
  workload: Workload,
  { host, port, listen }: Workload["outbound"][number],
): OutboundPort | undefined {
  const service = mesh.services.get(host);
  const protocol = service?.ports.find(({ number }) => number === port)?.protocol;
  if (service === undefined || protocol === undefined) return undefined;
  if (protocol === "tcp") {
    const policy = ruleFor(mesh, service, workload.namespace)?.policy;
    const connections = { pool: policy?.connectionPool, hash: policy?.loadBalancer?.hash };
    return { host, port, protocol, listen, routes: [], connections };
  }
  const listener = { workload, port, gateways: ["mesh"], authority: `${host}:${String(port)}` };
  const owner = virtualServiceFor(mesh, host, workload);
  const routes: Route[] = owner === undefined ? [] : routesOf(mesh, owner, listener);
  return {
    host,
    port,
    protocol,
    listen,
    routes: routes.length > 0 ? routes : [defaultRoute(mesh, service, listener)],
  };
}

/** The VirtualService of a host as seen within the mesh: the one whose host is most specific. */
function virtualServiceFor(mesh: Mesh, host: string, { namespace }: Workload): VirtualService | undefined {
  const specificity = ({ hosts }: VirtualService): number =>
    Math.max(...hosts.filter((pattern) => covers(pattern, host)).map((pattern) => pattern.length));
  return mesh.virtualServices
    .filter(
      ({ gateways, hosts }) => gateways.includes("mesh") && hosts.some((pattern) => covers(pattern, host)),
    )
    .filter((service) => service.exported || service.namespace === namespace)
    .sort((a, b) => specificity(b) - specificity(a))[0];
}

const nameOf = ({ namespace, name }: Gateway): string => `${namespace}/${name}`;

function resolveIngress(mesh: Mesh, workload: Workload): IngressPort[] {
  if (workload.kind !== "gateway") return [];
  const gateways = mesh.gateways.filter(({ selector }) => selects(selector, workload.labels));
  return (workload.gatewayPorts ?? []).flatMap(({ port, listen }) => {
    const servers = gateways.flatMap((gateway) =>
      gateway.servers.filter((server) => server.port === port).map((server) => ({ gateway, server })),
    );
    const [first] = servers;
    if (first === undefined) return [];
    const virtualHosts = new Map<string, Route[]>();
    for (const { gateway, server } of servers)
      for (const owner of mesh.virtualServices.filter((service) =>
        service.gateways.includes(nameOf(gateway)),
      )) {
        const routes = routesOf(mesh, owner, {
          workload,
          port,
          gateways: [nameOf(gateway)],
          authority: undefined,
        });
        if (routes.length === 0) continue;
        for (const host of intersect(server.hosts, owner.hosts))
          virtualHosts.set(host, [...(virtualHosts.get(host) ?? []), ...routes]);
      }
    return [
      {
        port,
        listen,
        origin: first.server.origin,
        virtualHosts: [...virtualHosts].map(([host, routes]) => ({ host, routes })),
      },
    ];
  });
}

/** Of each two hosts of which one covers the other, the narrower. */
function intersect(left: string[], right: string[]): string[] {
  const hosts = left.flatMap((one) =>
    right.flatMap((other) => (covers(one, other) ? [other] : covers(other, one) ? [one] : [])),
  );
  return [...new Set(hosts)];
}
