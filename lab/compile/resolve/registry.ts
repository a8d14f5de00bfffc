import { type Service } from "../model/mesh";
import { type Field } from "../source/field";

const clusterDomain = "svc.cluster.local";

/** What references may name: known before the objects that refer to it are read. */
export type Registry = {
  services: Map<string, Service>;
  /** Names of subsets by host. */
  subsets: Map<string, Set<string>>;
  /** `namespace/name` of each Gateway. */
  gateways: Set<string>;
};

/** A name without a dot is of the object's own namespace; any other stands as it is. */
export function fullHost(host: string, namespace: string): string {
  return host.includes(".") || host === "*"
    ? host.toLowerCase()
    : `${host.toLowerCase()}.${namespace}.${clusterDomain}`;
}

/** `namespace/name` of a Gateway; `mesh` stands for itself. */
export const fullGateway = (name: string, namespace: string): string =>
  name === "mesh" || name.includes("/") ? name : `${namespace}/${name}`;

/** Whether a host, or a pattern such as `*.example.com`, covers another. */
export function covers(pattern: string, host: string): boolean {
  if (pattern === "*" || pattern === host) return true;
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host !== pattern.slice(2);
}

/** The service of `host`; refuses a host that the mesh does not know. */
export function findService(registry: Registry, host: string, field: Field): Service | undefined {
  const service = registry.services.get(host);
  if (service === undefined) field.refuse(`no service ${host}${suggest(registry, host)}`);
  return service;
}

function suggest(registry: Registry, host: string): string {
  const [name = ""] = host.split(".");
  const alike = [...registry.services.keys()].filter((known) => known.split(".")[0] === name);
  const known = alike.length > 0 ? alike : [...registry.services.keys()];
  return `; ${alike.length > 0 ? "is it" : "known are"} ${known.sort().join(", ")}${alike.length > 0 ? "?" : ""}`;
}

/** Refuses a port that the service has not. */
export function checkPort(service: Service, port: number, field: Field): void {
  const ports = service.ports.map(({ number }) => number);
  if (!ports.includes(port))
    field.refuse(`${service.host} has no port ${String(port)}; it has ${ports.join(", ")}`);
}

/** Refuses a destination without port where none of the ports that it can mean, those that are `called`, exists. */
export function checkImpliedPort(service: Service, called: number[], field: Field): void {
  const ports = service.ports.map(({ number }) => number);
  if (called.length > 0 && !called.some((port) => ports.includes(port)))
    field.refuse(
      `give port: without it the one that was called is meant (${called.join(", ")}), which ${service.host} has not; it has ${ports.join(", ")}`,
    );
}

/** Refuses a subset that no DestinationRule declares. */
export function checkSubset(registry: Registry, host: string, subset: string, field: Field): void {
  const known = [...(registry.subsets.get(host) ?? [])].sort();
  if (known.includes(subset)) return;
  field.refuse(
    known.length === 0
      ? `no DestinationRule of ${host} declares a subset; "${subset}" would reach nobody`
      : `no subset "${subset}" of ${host}; its DestinationRule declares ${known.join(", ")}`,
  );
}
