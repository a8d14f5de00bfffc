import { type Identity, selects } from "../model/common";
import { type Mesh } from "../model/mesh";
import { type PeerAuthentication } from "../model/security";
import { type Problem } from "../types";

/**
 * Objects of which only one can hold. Istio takes the one that was created first; files have no such order, so
 * both are refused.
 */
export function findConflicts(mesh: Mesh): Problem[] {
  return [...virtualServices(mesh), ...destinationRules(mesh), ...peerAuthentications(mesh)];
}

/** Each object that claims a key which another claims too. */
function clashes<T extends Identity>(
  objects: T[],
  keysOf: (object: T) => string[],
  message: (key: string, other: T) => { field: string; message: string },
): Problem[] {
  const byKey = new Map<string, T[]>();
  for (const object of objects)
    for (const key of new Set(keysOf(object))) byKey.set(key, [...(byKey.get(key) ?? []), object]);
  return [...byKey].flatMap(([key, claimants]) =>
    claimants.flatMap((object) => {
      const other = claimants.find((one) => one !== object);
      return other === undefined ? [] : [{ ...object.origin, column: 1, ...message(key, other) }];
    }),
  );
}

const where = ({ kind, namespace, name, origin }: Identity): string =>
  `${kind} ${namespace}/${name} (${origin.file}:${String(origin.line)})`;

function virtualServices({ virtualServices: objects }: Mesh): Problem[] {
  return clashes(
    objects,
    ({ hosts, gateways, exported, namespace }) =>
      hosts.flatMap((host) =>
        gateways.map((gateway) => `${host} of ${gateway}${exported ? "" : ` in ${namespace}`}`),
      ),
    (key, other) => ({
      field: "spec.hosts",
      message: `${key.split(" ")[0] ?? ""} has another VirtualService, ${where(other)}; put the routes of both into one`,
    }),
  );
}

function destinationRules({ destinationRules: objects }: Mesh): Problem[] {
  return clashes(
    objects,
    ({ host, namespace }) => [`${namespace} ${host}`],
    (_key, other) => ({
      field: "spec.host",
      message: `this host has another DestinationRule, ${where(other)}; put both into one`,
    }),
  );
}

function peerAuthentications({ peerAuthentications: objects, workloads }: Mesh): Problem[] {
  const scopes = ({ namespace, selector }: PeerAuthentication): string[] =>
    selector === undefined
      ? [`namespace ${namespace}`]
      : workloads
          .filter((workload) => workload.namespace === namespace && selects(selector, workload.labels))
          .map(({ name }) => `workload ${name}`);
  return clashes(objects, scopes, (key, other) => ({
    field: "spec.selector",
    message: `the ${key} has another PeerAuthentication of the same scope, ${where(other)}; put both into one`,
  }));
}
