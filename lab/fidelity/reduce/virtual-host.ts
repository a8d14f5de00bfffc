import { type Features } from "./feature";
import { Fields, type JsonObject, objectsOf } from "./json";
import { reduceRoute } from "./route";

/** A virtual host and the route configuration that it stands in. */
export type HostSource = { resource: string; host: JsonObject; config: JsonObject };

/** A virtual host and each of its routes, by resource. */
export function reduceVirtualHost({ resource, host, config }: HostSource): Record<string, Features> {
  const routes = objectsOf(host.routes);
  const fields = Fields.of(host);
  fields.take("routes");
  // A listener of the laptop is for one host, whatever the request calls it; on a cluster names tell hosts apart.
  if (resource.startsWith("outbound ")) fields.take("domains");
  const own = resource.startsWith("outbound ") ? resource.slice("outbound ".length) : undefined;
  const names = routes.map(nameOf);
  return {
    [resource]: {
      "order of routes": names,
      "virtual host": { ...fields.rest(), ...settingsOf(config) },
    },
    ...Object.fromEntries(
      routes.map((route, index) => [`route ${resource}/${names[index] ?? ""}`, reduceRoute(route, own)]),
    ),
  };
}

/** A route's name, or its place where it has none or shares it with one before. */
function nameOf(route: JsonObject, index: number, routes: JsonObject[]): string {
  const name = typeof route.name === "string" ? route.name : "";
  const first = routes.findIndex((other) => other.name === route.name);
  return name === "" || first !== index ? `${name}#${String(index)}` : name;
}

function settingsOf(config: JsonObject): JsonObject {
  const fields = Fields.of(config);
  for (const name of ["@type", "name", "virtual_hosts"]) fields.take(name);
  return fields.rest() ?? {};
}
