import { type Brought } from "./brought";
import { type Difference } from "./compare";
import { fullName } from "./named";

/** Which kinds of objects make a feature. */
const kindsByFeature: Record<string, string[]> = {
  authorization: ["AuthorizationPolicy"],
  tokens: ["RequestAuthentication"],
  tracing: ["Telemetry"],
  "who may connect": ["PeerAuthentication"],
  "downstream TLS": ["PeerAuthentication"],
  "order of filters": ["EnvoyFilter", "AuthorizationPolicy", "RequestAuthentication"],
  "order of network filters": ["EnvoyFilter", "AuthorizationPolicy"],
};

function kindsFor({ resource, feature }: Difference): string[] {
  const kinds = kindsByFeature[feature];
  if (kinds !== undefined) return kinds;
  if (feature.startsWith("filter ")) return ["EnvoyFilter"];
  if (resource.startsWith("cluster ")) return ["DestinationRule", "ServiceEntry", "PeerAuthentication"];
  if (resource.startsWith("ingress ") || resource.startsWith("route ingress "))
    return ["VirtualService", "Gateway"];
  return resource.startsWith("route ") || resource.startsWith("outbound ") ? ["VirtualService"] : [];
}

/**
 * Which objects a difference is to be shown at: those of the kinds that make the feature, of them those that name the
 * host or are named in it. Never nobody, so that no difference is lost.
 */
export function responsibleFor(difference: Difference, objects: Brought[]): Brought[] {
  const kinds = kindsFor(difference);
  const ofKind = objects.filter(({ kind }) => kinds.includes(kind));
  const about = ofKind.filter((object) => isAbout(difference, object));
  if (about.length > 0) return about;
  return ofKind.length > 0 ? ofKind : objects;
}

function isAbout(
  { resource, field, ours, istiod }: Difference,
  { kind, namespace, name, spec }: Brought,
): boolean {
  if (kind === "AuthorizationPolicy")
    return JSON.stringify([field, ours, istiod]).includes(`ns[${namespace}]-policy[${name}]`);
  const hosts = Array.isArray(spec.hosts) ? spec.hosts : [spec.host];
  return hosts.some((host) => typeof host === "string" && resource.includes(fullName(host, namespace)));
}
