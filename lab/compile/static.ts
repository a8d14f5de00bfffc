import { type Json, type ProxyConfig } from "./types";

type JsonObject = { [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * One static bootstrap of several proxies' configuration, for Envoy's validate mode: routes and endpoints stand in
 * it instead of in files, and secrets are promised only. What is the same in several proxies is in it once.
 */
export function toStaticBootstrap(configs: ProxyConfig[]): Json {
  const clusters = distinct(
    configs.flatMap((config) => config.clusters.map((cluster) => inline(cluster, config))),
  );
  const listeners = distinct(
    configs.flatMap((config) => config.listeners.map((listener) => inline(listener, config))),
  );
  return {
    node: { id: "validate", cluster: "validate" },
    static_resources: {
      clusters: renamed(clusters),
      listeners: listeners.map((listener, index) => ({
        ...listener,
        name: String(index),
        address: { pipe: { path: `@validate-${String(index)}` } },
      })),
    },
  };
}

/** Every reference to a file of `config` replaced by what would stand in the file. */
function inline(value: Json, config: ProxyConfig): Json {
  if (Array.isArray(value)) return value.map((item) => inline(item, config));
  if (!isObject(value)) return value;
  const { rds, eds_cluster_config, path_config_source, ...rest } = value;
  if (isObject(rds))
    return {
      ...inlineFields(rest, config),
      route_config: untyped(config.routes[String(rds.route_config_name)]),
    };
  if (isObject(eds_cluster_config)) {
    const assignment = config.endpoints[String(eds_cluster_config.service_name)];
    return { ...inlineFields(rest, config), type: "STATIC", load_assignment: untyped(assignment) };
  }
  // Secrets are not read in validate mode, but the file of their source must be there.
  if (path_config_source !== undefined) return { path_config_source: { path: "/dev/null" } };
  return inlineFields(value, config);
}

function inlineFields(value: JsonObject, config: ProxyConfig): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, inline(field, config)]));
}

/** A discovery resource names its type; the same thing as a field does not. */
function untyped(resource: Json | undefined): JsonObject {
  return isObject(resource) ? without(resource, "@type") : {};
}

function without(value: JsonObject, ...names: string[]): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));
}

function distinct(resources: Json[]): JsonObject[] {
  const byText = new Map(resources.map((resource) => [placeless(untyped(resource)), untyped(resource)]));
  return [...byText.values()];
}

/** Ports and names of listeners differ from proxy to proxy, and say nothing that could be wrong. */
function placeless(resource: JsonObject): string {
  const rest = "filter_chains" in resource ? without(resource, "name", "address") : resource;
  return JSON.stringify(rest).replace(/"port_value":\d+/g, "");
}

/** Two proxies may see one cluster differently; here both need a name. */
function renamed(clusters: JsonObject[]): JsonObject[] {
  const seen = new Map<string, number>();
  return clusters.map((cluster): JsonObject => {
    const name = String(cluster.name);
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    if (count === 0) return cluster;
    const again = `${name}#${String(count)}`;
    const assignment = cluster.load_assignment;
    if (!isObject(assignment)) return { ...cluster, name: again };
    return { ...cluster, name: again, load_assignment: { ...assignment, cluster_name: again } };
  });
}
