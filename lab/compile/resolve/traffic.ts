import { type Mesh, rootNamespace, type Service } from "../model/mesh";
import {
  type DestinationRule,
  type HashKey,
  type TrafficPolicy,
  type TrafficSettings,
} from "../model/traffic";
import { covers } from "./registry";

/** A port's own settings stand for themselves: they inherit nothing. */
function atPort(
  policy: TrafficPolicy | undefined,
  port: number,
): { settings: TrafficSettings; own: boolean } {
  const own = policy?.ports.get(port);
  return { settings: own ?? policy ?? {}, own: own !== undefined };
}

/** What a DestinationRule says of a port, or of a subset at that port; each part of a subset's policy replaces the host's. */
export function settingsAt(
  rule: DestinationRule | undefined,
  port: number,
  subset?: string,
): TrafficSettings {
  const base = atPort(rule?.policy, port).settings;
  const policy = rule?.subsets.find(({ name }) => name === subset)?.policy;
  if (policy === undefined) return base;
  const { settings, own } = atPort(policy, port);
  const pick = <K extends keyof TrafficSettings>(key: K): TrafficSettings[K] =>
    own || settings[key] !== undefined ? settings[key] : base[key];
  return {
    connectionPool: pick("connectionPool"),
    outlierDetection: pick("outlierDetection"),
    loadBalancer: pick("loadBalancer"),
    tls: pick("tls"),
    retryBudget: settings.retryBudget ?? base.retryBudget,
  };
}

/**
 * What consistent hashing of a route's destination goes by: of the narrowest policy that says so, even where a
 * narrower one balances in another way. Settings of a port count where the destination names it.
 */
export function hashAt(
  rule: DestinationRule | undefined,
  port: number | undefined,
  subset: string | undefined,
): HashKey | undefined {
  const policy = rule?.subsets.find(({ name }) => name === subset)?.policy;
  const atPortOf = (of: TrafficPolicy | undefined): TrafficSettings | undefined =>
    port === undefined ? undefined : of?.ports.get(port);
  const candidates = [atPortOf(policy), policy, atPortOf(rule?.policy), rule?.policy];
  return candidates.map((settings) => settings?.loadBalancer?.hash).find((hash) => hash !== undefined);
}

/**
 * The DestinationRule that holds for `service` as seen from `namespace`: one of the caller's namespace before one
 * of the service's, before one of the root namespace; among them the one whose host is most specific.
 */
export function ruleFor(mesh: Mesh, service: Service, namespace: string): DestinationRule | undefined {
  for (const owner of [namespace, service.namespace, rootNamespace]) {
    const [best] = mesh.destinationRules
      .filter((rule) => rule.namespace === owner && (rule.exported || owner === namespace))
      .filter((rule) => covers(rule.host, service.host))
      .sort((a, b) => b.host.length - a.host.length);
    if (best !== undefined) return best;
  }
  return undefined;
}
