import { selects, type StringMatch } from "../model/common";
import { type Mesh, type Service } from "../model/mesh";
import { type ResolvedForward, type Route } from "../model/proxy";
import { type Forward, type HttpRoute, type RouteMatch, type VirtualService } from "../model/routing";
import { type Workload } from "../types";
import { hashAt, ruleFor } from "./traffic";

/** Where routes are wanted: a proxy's listener. */
export type Listener = {
  workload: Workload;
  port: number;
  /** `mesh`, or `namespace/name` of the Gateways that the listener serves. */
  gateways: string[];
  /** What a client calls the host, if there is one host only. */
  authority: string | undefined;
};

/** The routes of a VirtualService for one listener: in order, up to the first that matches every request. */
export function routesOf(mesh: Mesh, owner: VirtualService, listener: Listener): Route[] {
  const routes: Route[] = [];
  for (const route of owner.routes) {
    const matches = route.matches.length === 0 ? [undefined] : route.matches;
    for (const match of matches.filter((one) => one === undefined || isInScope(one, listener))) {
      routes.push(resolveRoute(mesh, { owner, route, match }, listener));
      if (match === undefined || matchesAll(match)) return routes;
    }
  }
  return routes;
}

/** The route of a service that no VirtualService is about. */
export function defaultRoute(mesh: Mesh, service: Service, listener: Listener): Route {
  const destination = {
    host: service.host,
    subset: undefined,
    port: listener.port,
    weight: 0,
    headers: undefined,
  };
  const forward: Forward = {
    kind: "forward",
    destinations: [destination],
    timeout: undefined,
    retries: "default",
    rewrite: undefined,
    mirrors: [],
  };
  return {
    name: "default",
    owner: undefined,
    origin: undefined,
    match: undefined,
    action: resolveForward(mesh, forward, listener),
    headers: undefined,
    fault: undefined,
    cors: undefined,
    port: listener.port,
  };
}

function isInScope({ scope }: RouteMatch, { workload, port, gateways }: Listener): boolean {
  if (scope.port !== undefined && scope.port !== port) return false;
  if (scope.gateways.length > 0) return scope.gateways.some((gateway) => gateways.includes(gateway));
  return (
    selects(scope.sourceLabels, workload.labels) &&
    (scope.sourceNamespace === undefined || scope.sourceNamespace === workload.namespace)
  );
}

/** Whether nothing can come after it. */
function matchesAll(match: RouteMatch): boolean {
  const uri: StringMatch = match.uri ?? { prefix: "/" };
  const all = ("prefix" in uri && uri.prefix === "/") || ("regex" in uri && uri.regex === ".*");
  const asked = [match.method, match.authority, match.scheme].some((one) => one !== undefined);
  return all && !asked && match.headers.length === 0 && match.queryParams.length === 0;
}

function resolveRoute(
  mesh: Mesh,
  { owner, route, match }: { owner: VirtualService; route: HttpRoute; match: RouteMatch | undefined },
  listener: Listener,
): Route {
  return {
    name: match?.name === undefined ? route.name : `${route.name}.${match.name}`,
    owner,
    origin: route.origin,
    match,
    action: route.action.kind === "forward" ? resolveForward(mesh, route.action, listener) : route.action,
    headers: route.headers,
    fault: route.fault,
    cors: route.cors,
    port: listener.port,
  };
}

function resolveForward(
  mesh: Mesh,
  forward: Forward,
  { workload, port, gateways, authority }: Listener,
): ResolvedForward {
  const portOf = (destination: { host: string; port: number | undefined }): number => {
    const ports = mesh.services.get(destination.host)?.ports ?? [];
    // Within the mesh it is the port that was called, even of a service that has one port only.
    const only = ports.length === 1 && !gateways.includes("mesh") ? ports[0]?.number : undefined;
    return destination.port ?? only ?? port;
  };
  const wanted =
    forward.destinations.length === 1
      ? forward.destinations
      : forward.destinations.filter(({ weight }) => weight > 0);
  return {
    ...forward,
    authority,
    destinations: wanted.map(({ host, subset, port: own, ...rest }) => {
      const target = { host, subset, port: portOf({ host, port: own }) };
      const service = mesh.services.get(host);
      const rule = service && ruleFor(mesh, service, workload.namespace);
      return { ...rest, target, hash: hashAt(rule, own, subset) };
    }),
    mirrors: forward.mirrors.map(({ percent, ...mirror }) => ({
      percent,
      target: { host: mirror.host, subset: mirror.subset, port: portOf(mirror) },
    })),
  };
}
