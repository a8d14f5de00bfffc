import { type JwtRule } from "../model/security";
import { type Json } from "../types";
import { outboundCluster } from "./cluster-name";
import { type Context, note } from "./context";
import { compact, extension, filled, type JsonObject } from "./json";

/** Lists that a token may also hold as one text with spaces between. */
const spaceDelimited = ["permission", "scope"];

/** A token that is there must be genuine; that it must be there is for an AuthorizationPolicy to say. */
export function toJwtAuthentication(context: Context): JsonObject[] {
  const { jwt, workload } = context.proxy;
  if (jwt.length === 0) return [];
  for (const { origin } of jwt) note(context, "filter inbound/envoy.filters.http.jwt_authn", origin);
  const names = jwt.map((_, index) => `origins-${String(index)}`);
  const clearRouteCache = workload.kind === "gateway";
  return [
    extension(
      "envoy.filters.http.jwt_authn",
      "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
      {
        providers: Object.fromEntries(
          jwt.map(({ rule }, index) => [names[index], toProvider(rule, clearRouteCache)]),
        ),
        rules: [{ match: { prefix: "/" }, requires: toRequirement(names) }],
        bypass_cors_preflight: true,
      },
    ),
  ];
}

/** With several issuers: the token of one of them, or none at each one's place. */
function toRequirement(names: string[]): JsonObject {
  const optional = names.map((provider_name): JsonObject => ({
    requires_any: { requirements: [{ provider_name }, { allow_missing: {} }] },
  }));
  const [single] = optional;
  if (optional.length === 1 && single !== undefined) return single;
  return {
    requires_any: {
      requirements: [
        ...names.map((provider_name): Json => ({ provider_name })),
        { requires_all: { requirements: optional } },
      ],
    },
  };
}

function toProvider(rule: JwtRule, clearRouteCache: boolean): JsonObject {
  return compact({
    issuer: rule.issuer,
    audiences: filled(rule.audiences),
    ...toKeys(rule),
    forward: rule.forwardOriginalToken || undefined,
    forward_payload_header: rule.payloadToHeader,
    from_headers: filled(
      rule.fromHeaders.map(({ name, prefix }): Json => compact({ name, value_prefix: prefix })),
    ),
    from_params: filled(rule.fromParams),
    from_cookies: filled(rule.fromCookies),
    claim_to_headers: filled(
      rule.claimsToHeaders.map(({ header, claim }): Json => ({ header_name: header, claim_name: claim })),
    ),
    payload_in_metadata: "payload",
    clear_route_cache: clearRouteCache || undefined,
    normalize_payload_in_metadata: { space_delimited_claims: spaceDelimited },
  });
}

function toKeys({ keys, timeout }: JwtRule): JsonObject {
  if ("inline" in keys) return { local_jwks: { inline_string: keys.inline } };
  const cluster = outboundCluster({ host: keys.host, port: keys.port, subset: undefined });
  return { remote_jwks: { http_uri: { uri: keys.uri, cluster, timeout }, cache_duration: "300s" } };
}
