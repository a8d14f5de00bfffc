import { type Identity } from "./model/common";
import { type Mesh, rootNamespace } from "./model/mesh";
import { type Proxy } from "./model/proxy";
import { about } from "./resolve/policies";
import { type CompiledObject } from "./types";

/** What each object does, or why it does nothing: nothing that was read goes without a word. */
export function describeEffects(mesh: Mesh, proxies: Proxy[]): CompiledObject[] {
  const selected = (object: Parameters<typeof about>[0][number], verb: string): string => {
    const names = proxies
      .filter(({ workload }) => about([object], workload).length > 0)
      .map(({ workload }) => workload.name);
    return names.length === 0
      ? "none: it selects no workload that runs here"
      : `${verb} ${names.sort().join(", ")}`;
  };
  const entries: [Identity, string][] = [
    ...mesh.virtualServices.map((object): [Identity, string] => [object, usersOf(object, proxies)]),
    ...mesh.destinationRules.map((object): [Identity, string] => [object, rulesUsed(object, proxies)]),
    ...mesh.gateways.map((object): [Identity, string] => [object, servedBy(object, proxies)]),
    ...mesh.serviceEntries.map((object): [Identity, string] => [
      object,
      `makes known ${object.hosts.join(", ")}`,
    ]),
    ...mesh.peerAuthentications.map((object): [Identity, string] => [
      object,
      object.selector !== undefined && object.namespace === rootNamespace
        ? "none: in the root namespace a selector is not allowed"
        : selected(object, "decides which connections are taken by"),
    ]),
    ...mesh.authorizationPolicies.map((object): [Identity, string] => [
      object,
      selected(object, object.dryRun ? "is tried out, and only counted, at" : "guards"),
    ]),
    ...mesh.requestAuthentications.map((object): [Identity, string] => [
      object,
      selected(object, "verifies tokens at"),
    ]),
    ...mesh.telemetries.map((object): [Identity, string] => [
      object,
      tracingEffect(mesh, object, proxies) ?? selected(object, "traces"),
    ]),
    ...mesh.envoyFilters.map((object): [Identity, string] => [object, selected(object, "patches")]),
  ];
  return entries
    .map(([{ kind, name, namespace, origin }, effect]) => ({ ...origin, kind, name, namespace, effect }))
    .sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

function usersOf(object: Identity, proxies: Proxy[]): string {
  const users = proxies.filter(({ outbound, ingress }) => {
    const routes = [...outbound, ...ingress.flatMap(({ virtualHosts }) => virtualHosts)].flatMap(
      (one) => one.routes,
    );
    return routes.some(({ owner }) => owner === object);
  });
  return users.length === 0 ? "none: no workload here calls its hosts" : `routes calls of ${namesOf(users)}`;
}

function rulesUsed(object: Identity, proxies: Proxy[]): string {
  const users = proxies.filter(({ upstreams, inbound }) =>
    [...upstreams, ...inbound].some(({ rule }) => rule === object),
  );
  return users.length === 0
    ? "none: no workload here calls its host"
    : `shapes connections of ${namesOf(users)}`;
}

function servedBy(object: Mesh["gateways"][number], proxies: Proxy[]): string {
  const gateways = proxies.filter(({ workload }) => workload.kind === "gateway");
  const ports = gateways.flatMap(({ workload }) => (workload.gatewayPorts ?? []).map(({ port }) => port));
  const open = object.servers.filter(({ port }) => ports.includes(port)).map(({ port }) => port);
  return open.length === 0
    ? "none: no gateway here has one of its ports"
    : `opens port ${open.join(", ")} of ${namesOf(gateways)}`;
}

function tracingEffect(
  mesh: Mesh,
  { tracing }: Mesh["telemetries"][number],
  proxies: Proxy[],
): string | undefined {
  if (tracing === undefined) return "none: it says nothing of tracing";
  const [provider] = tracing.providers;
  const collector = provider === undefined ? undefined : mesh.settings.tracingProviders.get(provider);
  if (collector !== undefined && !mesh.services.has(collector.host))
    return `none: the collector ${collector.host} of provider ${provider ?? ""} does not run here, so no span is sent`;
  return proxies.length === 0 ? "none: nothing runs here" : undefined;
}

const namesOf = (proxies: Proxy[]): string =>
  proxies
    .map(({ workload }) => workload.name)
    .sort()
    .join(", ");
