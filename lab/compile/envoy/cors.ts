import { type CorsPolicy } from "../model/routing";
import { compact, filled, type JsonObject, typed } from "./json";
import { toStringMatch } from "./string-match";

const joined = (list: string[]): string | undefined => (list.length === 0 ? undefined : list.join(","));

/** A route's answer to browsers that ask whether another origin may call. */
export function toCors(policy: CorsPolicy): JsonObject {
  return typed(
    "envoy.extensions.filters.http.cors.v3.CorsPolicy",
    compact({
      allow_origin_string_match: filled(policy.origins.map(toStringMatch)),
      allow_methods: joined(policy.methods),
      allow_headers: joined(policy.headers),
      expose_headers: joined(policy.exposeHeaders),
      max_age: policy.maxAgeSeconds === undefined ? undefined : String(policy.maxAgeSeconds),
      allow_credentials: policy.credentials,
      filter_enabled: { default_value: { numerator: 100 } },
      forward_not_matching_preflights: policy.forwardUnmatchedPreflights,
    }),
  );
}
