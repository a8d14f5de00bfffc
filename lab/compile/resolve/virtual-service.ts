import { type Identity } from "../model/common";
import { type Destination, type Forward, type HttpRoute, type VirtualService } from "../model/routing";
import { type Field } from "../source/field";
import { readHeaderOperations } from "./headers";
import { readDirectResponse, readRedirect, readRewrite } from "./http-actions";
import { readCors, readFault, readPercentage, readRetries } from "./http-policies";
import { readRouteMatch } from "./matches";
import {
  checkImpliedPort,
  checkPort,
  checkSubset,
  findService,
  fullGateway,
  fullHost,
  type Registry,
} from "./registry";

/** `mesh`: whether it is, among others, for calls within the mesh; `called` are the ports of its hosts there. */
type RouteContext = { registry: Registry; mesh: boolean; called: number[] };

/** Reads a VirtualService: its HTTP routes, with each destination resolved. */
export function readVirtualService(identity: Identity, spec: Field, registry: Registry): VirtualService {
  const gateways = readGateways(identity, spec, registry);
  const mesh = gateways.includes("mesh");
  const hosts = readHosts(identity, spec, { registry, mesh });
  const known = hosts.flatMap((host) => registry.services.get(host)?.ports ?? []);
  const context = { registry, mesh, called: mesh ? known.map(({ number }) => number) : [] };
  const service: VirtualService = {
    ...identity,
    gateways,
    hosts,
    exported: readExportTo(spec),
    routes: spec.list("http").map((route) => readRoute(identity, route, context)),
  };
  if (!spec.has("http")) spec.refuse("http is missing: a VirtualService without routes does nothing");
  return service;
}

/** `exportTo`: to all namespaces, or only to the own one. */
export function readExportTo(spec: Field): boolean {
  const [to, ...more] = spec.list("exportTo");
  if (to === undefined) return true;
  if (more.length > 0 || !["*", "."].includes(to.asText())) to.refuse('only "*" and "." are supported here');
  return to.asText() !== ".";
}

function readGateways({ namespace }: Identity, spec: Field, registry: Registry): string[] {
  const named = spec.list("gateways").map((field) => {
    const full = fullGateway(field.asText(), namespace);
    if (full !== "mesh" && !registry.gateways.has(full))
      field.refuse(`no Gateway ${full}; known are ${["mesh", ...registry.gateways].join(", ")}`);
    return full;
  });
  return named.length === 0 ? ["mesh"] : named;
}

function readHosts(
  { namespace }: Identity,
  spec: Field,
  { registry, mesh }: Pick<RouteContext, "registry" | "mesh">,
): string[] {
  const fields = spec.list("hosts");
  if (fields.length === 0)
    spec.refuse("hosts is missing; a VirtualService that others delegate to is not supported");
  const hosts = fields.map((field) => {
    const host = fullHost(field.asText(), namespace);
    if (mesh && host === "*") field.refuse("* is only for gateways; name a service");
    else if (mesh && !host.startsWith("*")) findService(registry, host, field);
    return host;
  });
  fields.forEach((field, index) => {
    if (hosts.indexOf(hosts[index] ?? "") < index) field.refuse("this host stands here twice; keep one");
  });
  return hosts;
}

/** Each peer has an address of its own, so what its caller calls it in the request says nothing there. */
function refuseAuthority(match: Field, mesh: boolean): void {
  const forMesh = match.has("gateways") ? match.texts("gateways").includes("mesh") : mesh;
  if (forMesh)
    match.get("authority")?.refuse("within the mesh of a laptop a request names no host; only for gateways");
}

function readRoute(identity: Identity, field: Field, context: RouteContext): HttpRoute {
  for (const match of field.list("match")) refuseAuthority(match, context.mesh);
  const action = readAction(identity, field, context);
  if (action.kind !== "forward")
    for (const name of ["fault", "rewrite"]) field.get(name)?.refuse(`has no effect beside ${action.kind}`);
  return {
    name: field.text("name") ?? "",
    origin: field.origin,
    matches: field.list("match").map((match) => readRouteMatch(match, identity.namespace)),
    action,
    headers: readHeaderOperations(field),
    fault: readFault(field),
    cors: readCors(field),
  };
}

function readAction(identity: Identity, field: Field, context: RouteContext): HttpRoute["action"] {
  const actions = ["route", "redirect", "directResponse"].filter((name) => field.has(name));
  if (actions.length !== 1) field.refuse("give one of route, redirect and directResponse");
  const redirect = field.get("redirect");
  if (redirect !== undefined) return readRedirect(redirect);
  const response = field.get("directResponse");
  if (response !== undefined) return readDirectResponse(response);
  return readForward(identity, field, context);
}

function readForward({ namespace }: Identity, field: Field, context: RouteContext): Forward {
  const target = (destination: Field): Pick<Destination, "host" | "subset" | "port"> =>
    readTarget(destination, namespace, context);
  const destinations = field.list("route").map((route): Destination => {
    const destination = route.get("destination");
    if (destination === undefined) route.refuse("destination is missing");
    return {
      ...(destination === undefined ? { host: "", subset: undefined, port: undefined } : target(destination)),
      weight: route.within("weight", [0, 2 ** 31 - 1]) ?? 0,
      headers: readHeaderOperations(route),
    };
  });
  checkWeights(field, destinations);
  return {
    kind: "forward",
    destinations,
    timeout: field.duration("timeout"),
    retries: readRetries(field),
    rewrite: readRewrite(field.get("rewrite")),
    mirrors: readMirrors(field, target),
  };
}

/** Istio shares by any sum; a sum other than 100 is nearly always a slip, so it is refused. */
function checkWeights(field: Field, destinations: Destination[]): void {
  if (destinations.length < 2) return;
  const sum = destinations.reduce((total, { weight }) => total + weight, 0);
  if (sum !== 100)
    field.get("route")?.refuse(`the weights add up to ${String(sum)}; make them add up to 100`);
}

function readTarget(
  field: Field,
  namespace: string,
  { registry, called }: RouteContext,
): Pick<Destination, "host" | "subset" | "port"> {
  const hostField = field.get("host");
  const host = fullHost(hostField?.asText() ?? "", namespace);
  const port = field.get("port")?.within("number", [1, 65535]);
  const subset = field.text("subset");
  const service = findService(registry, host, hostField ?? field);
  if (service === undefined) return { host, subset, port };
  if (port === undefined) checkImpliedPort(service, called, field);
  else checkPort(service, port, field.get("port") ?? field);
  if (subset !== undefined) checkSubset(registry, host, subset, field.get("subset") ?? field);
  return { host, subset, port };
}

function readMirrors(
  field: Field,
  target: (field: Field) => Pick<Destination, "host" | "subset" | "port">,
): Forward["mirrors"] {
  const single = field.get("mirror");
  if (single !== undefined && field.has("mirrors")) field.refuse("give one of mirror and mirrors");
  const share = readPercentage(field, "mirrorPercentage") ?? field.within("mirrorPercent", [0, 100]) ?? 100;
  const mirrors = field.list("mirrors").flatMap((mirror) => {
    const destination = mirror.get("destination");
    if (destination === undefined) mirror.refuse("destination is missing");
    const percent = readPercentage(mirror, "percentage") ?? 100;
    return destination === undefined ? [] : [{ ...target(destination), percent }];
  });
  const all = single === undefined ? mirrors : [{ ...target(single), percent: share }, ...mirrors];
  return all.filter(({ percent }) => percent > 0);
}
