import { type Json } from "../../compile/types";
import { reduceAuthorization } from "./authorization";
import { type Features } from "./feature";
import { type JsonObject, objectOf } from "./json";

const features: Record<string, string> = {
  "envoy.filters.http.rbac": "authorization",
  "envoy.filters.network.rbac": "authorization",
  "envoy.filters.http.jwt_authn": "tokens",
};

/** The order of a chain's filters, and what each is told; those that are told nothing are in the order only. `port` is that of the listener. */
export function reduceFilters(filters: JsonObject[], port: number): Features {
  const result: Record<string, Json> = {};
  for (const { name, typed_config, ...others } of filters) {
    const { "@type": type, ...config } = objectOf(typed_config);
    const content = { ...config, ...others };
    if (Object.keys(content).length === 0) continue;
    const feature = features[String(name)] ?? `filter ${String(name)}`;
    const before = result[feature];
    const told = feature === "authorization" ? reduceAuthorization(content, port) : content;
    const one = { type: String(type), ...told };
    result[feature] = before === undefined ? one : Array.isArray(before) ? [...before, one] : [before, one];
  }
  return { "order of filters": filters.map(titleOf), ...result };
}

/** `envoy.filters.http.router (Router)`. */
function titleOf({ name, typed_config }: JsonObject): string {
  const type = String(objectOf(typed_config)["@type"]).split(".").at(-1) ?? "";
  return `${String(name)} (${type})`;
}
