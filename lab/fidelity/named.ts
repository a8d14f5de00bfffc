import { type Json } from "../compile/types";
import { type Brought } from "./brought";
import { type JsonObject, objectOf, objectsOf } from "./reduce/json";

/** What objects take for granted: what must be there for them to mean something. */
export type Named = {
  hosts: { host: string; port: number | undefined; subset: string | undefined }[];
  /** Labels of workloads, with the ports that are spoken of. */
  selected: { namespace: string; labels: Record<string, string>; ports: number[] }[];
  callers: { namespace: string; labels: Record<string, string> }[];
  gateways: { namespace: string; name: string }[];
  providers: string[];
};

const textsOf = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];

/** The texts of a map. */
export const labelsOf = (value: Json | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectOf(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );

/** A name without a dot is of the object's own namespace. */
export const fullName = (host: string, namespace: string): string =>
  host.includes(".") || host === "*" ? host : `${host}.${namespace}.svc.cluster.local`;

const readers: Record<string, (object: Brought) => Partial<Named>> = {
  VirtualService: readVirtualService,
  DestinationRule: readDestinationRule,
  RequestAuthentication: (object) => ({
    ...readSelector(object),
    hosts: objectsOf(object.spec.jwtRules).flatMap(({ jwksUri }) => keyHost(jwksUri)),
  }),
  AuthorizationPolicy: (object) => readSelector(object, operationPorts(object.spec)),
  PeerAuthentication: (object) =>
    readSelector(object, Object.keys(objectOf(object.spec.portLevelMtls)).map(Number)),
  Telemetry: (object) => ({
    ...readSelector(object),
    providers: objectsOf(object.spec.tracing).flatMap(({ providers }) =>
      objectsOf(providers).map(({ name }) => String(name)),
    ),
  }),
  EnvoyFilter: (object) => readSelector(object, patchedPorts(object.spec)),
};

/** What an object names. */
export function namedBy(object: Brought): Named {
  const none: Named = { hosts: [], selected: [], callers: [], gateways: [], providers: [] };
  return { ...none, ...readers[object.kind]?.(object) };
}

function readVirtualService({ spec, namespace }: Brought): Partial<Named> {
  const full = (host: Json | undefined): string => fullName(String(host ?? ""), namespace);
  const routes = objectsOf(spec.http);
  const matches = routes.flatMap(({ match }) => objectsOf(match));
  const gateways = textsOf(spec.gateways);
  const forMesh = gateways.length === 0 || gateways.includes("mesh");
  const ports = matches.flatMap(({ port }) => (typeof port === "number" ? [port] : []));
  const own = forMesh ? textsOf(spec.hosts).map(full) : [];
  const targets = routes.flatMap(({ route, mirror, mirrors }) => [
    ...[...objectsOf(route), ...objectsOf(mirrors)].map(({ destination }) => objectOf(destination)),
    ...(mirror === undefined ? [] : [objectOf(mirror)]),
  ]);
  return {
    hosts: [
      ...own.flatMap((host) => [undefined, ...ports].map((port) => ({ host, port, subset: undefined }))),
      ...targets.map(({ host, port, subset }) => ({
        host: full(host),
        port: numberIn(objectOf(port).number),
        subset: typeof subset === "string" ? subset : undefined,
      })),
    ],
    callers: matches
      .map(({ sourceLabels }) => ({ namespace, labels: labelsOf(sourceLabels) }))
      .filter(({ labels }) => Object.keys(labels).length > 0),
    gateways: gateways
      .filter((gateway) => gateway !== "mesh")
      .map((gateway) => gateway.split("/"))
      .map(([first = "", second]) =>
        second === undefined ? { namespace, name: first } : { namespace: first, name: second },
      ),
  };
}

const numberIn = (value: Json | undefined): number | undefined =>
  typeof value === "number" ? value : undefined;

function readDestinationRule({ spec, namespace }: Brought): Partial<Named> {
  const host = fullName(String(spec.host ?? ""), namespace);
  const policies = [spec, ...objectsOf(spec.subsets)].map(({ trafficPolicy }) => objectOf(trafficPolicy));
  const ports = policies.flatMap(({ portLevelSettings }) =>
    objectsOf(portLevelSettings).map(({ port }) => numberIn(objectOf(port).number)),
  );
  return { hosts: [undefined, ...ports].map((port) => ({ host, port, subset: undefined })) };
}

function readSelector({ spec, namespace }: Brought, ports: number[] = []): Partial<Named> {
  const labels = labelsOf(objectOf(spec.selector).matchLabels ?? objectOf(spec.workloadSelector).labels);
  return { selected: [{ namespace, labels, ports }] };
}

function operationPorts(spec: JsonObject): number[] {
  const operations = objectsOf(spec.rules).flatMap(({ to }) => objectsOf(to));
  return operations.flatMap(({ operation }) => textsOf(objectOf(operation).ports).map(Number));
}

function patchedPorts(spec: JsonObject): number[] {
  return objectsOf(spec.configPatches).flatMap(
    ({ match }) => numberIn(objectOf(objectOf(match).listener).portNumber) ?? [],
  );
}

/** Where keys are fetched, if it is within the cluster. */
function keyHost(uri: Json | undefined): Named["hosts"] {
  if (typeof uri !== "string" || !URL.canParse(uri)) return [];
  const { hostname, port } = new URL(uri);
  return hostname.endsWith(".svc.cluster.local")
    ? [{ host: hostname, port: port === "" ? 80 : Number(port), subset: undefined }]
    : [];
}
