import { type AuthorizationPolicy, type AuthorizationRule, type Condition } from "../model/security";
import { type Json } from "../types";
import { type Context, note } from "./context";
import { type JsonObject, typed } from "./json";
import { isHttpOnly, isPermission, toPermission } from "./rbac-permissions";
import { toPrincipal } from "./rbac-principals";

/** Where the rules are enforced: of a TCP port only what is known before a request is looked at. */
export type Place = { port: number; tcp: boolean };

const httpType = "envoy.extensions.filters.http.rbac.v3.RBAC";
const networkType = "envoy.extensions.filters.network.rbac.v3.RBAC";
const nothing: Json = { permissions: [{ not_rule: { any: true } }], principals: [{ not_id: { any: true } }] };

/** Refusals first, then permissions; a workload that no policy is about has neither filter. */
export function toHttpAuthorization(context: Context, port: number): JsonObject[] {
  return filtersOf(context, { port, tcp: false }).map((config) => ({
    name: "envoy.filters.http.rbac",
    typed_config: typed(httpType, config),
  }));
}

/** The same for a TCP port. */
export function toNetworkAuthorization(context: Context, port: number): JsonObject[] {
  return filtersOf(context, { port, tcp: true }).map((config) => ({
    name: "envoy.filters.network.rbac",
    typed_config: typed(networkType, { ...config, stat_prefix: "tcp." }),
  }));
}

function filtersOf(context: Context, place: Place): JsonObject[] {
  const { authorization } = context.proxy;
  return (["DENY", "ALLOW"] as const).flatMap((action) => {
    const policies = authorization.filter((policy) => policy.action === action);
    if (policies.length === 0) return [];
    for (const { origin } of policies) note(context, "filter inbound/envoy.filters.http.rbac", origin);
    const rules = toRules(
      policies.filter(({ dryRun }) => !dryRun),
      action,
      place,
    );
    const shadow = toRules(
      policies.filter(({ dryRun }) => dryRun),
      action,
      place,
    );
    return [
      {
        ...(rules && { rules }),
        ...(shadow && { shadow_rules: shadow }),
        shadow_rules_stat_prefix: `istio_dry_run_${shadow !== undefined && action === "DENY" ? "deny" : "allow"}_`,
      },
    ];
  });
}

function toRules(
  policies: AuthorizationPolicy[],
  action: "ALLOW" | "DENY",
  place: Place,
): JsonObject | undefined {
  if (policies.length === 0) return undefined;
  const named = policies.flatMap(({ namespace, name, rules }): [string, Json][] => {
    const key = (index: number): string => `ns[${namespace}]-policy[${name}]-rule[${String(index)}]`;
    if (rules.length === 0) return [[key(0), nothing]];
    return rules.flatMap((rule, index): [string, Json][] => {
      const policy = toPolicy(rule, action, place);
      return policy === undefined ? [] : [[key(index), policy]];
    });
  });
  named.sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...(action === "DENY" && { action }), policies: Object.fromEntries(named) };
}

/**
 * One rule. What a TCP port cannot know makes an ALLOW rule drop out, and a DENY rule refuse more: never is
 * more let in than the rule says.
 */
function toPolicy(
  { from, to, when }: AuthorizationRule,
  action: "ALLOW" | "DENY",
  place: Place,
): Json | undefined {
  const all = [...from.flat(), ...to.flat(), ...when];
  if (place.tcp && action === "ALLOW" && all.some(({ attribute }) => isHttpOnly(attribute))) return undefined;
  const known = (conditions: Condition[]): Condition[] =>
    place.tcp ? conditions.filter(({ attribute }) => !isHttpOnly(attribute)) : conditions;
  const operations = when.filter(({ attribute }) => isPermission(attribute));
  const sources = when.filter(({ attribute }) => !isPermission(attribute));
  const permissions = (to.length === 0 ? [[]] : to).map((operation) => {
    const rules = known([...operation, ...operations]).flatMap((condition) =>
      toPermission(condition, place.port),
    );
    return { and_rules: { rules: rules.length === 0 ? [{ any: true }] : rules } };
  });
  const principals = (from.length === 0 ? [[]] : from).map((source) => {
    const ids = known([...source, ...sources]).flatMap(toPrincipal);
    return { and_ids: { ids: ids.length === 0 ? [{ any: true }] : ids } };
  });
  return { permissions, principals };
}
