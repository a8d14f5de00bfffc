import { reduceAccessLog } from "./access-log";
import { type Features } from "./feature";
import { reduceFilters } from "./filters";
import { Fields, type JsonObject, objectsOf } from "./json";
import { reduceTracing } from "./tracing";

/** What an HTTP connection manager means, but for its routes. */
export function reduceConnectionManager(config: JsonObject, port: number): Features {
  const fields = Fields.of(config);
  for (const name of ["rds", "route_config"]) fields.take(name);
  return {
    ...reduceFilters(objectsOf(fields.take("http_filters")), port),
    "access log": reduceAccessLog(fields),
    tracing: reduceTracing(fields),
    "statistics prefix": fields.take("stat_prefix"),
    "HTTP connections": fields.rest(),
  };
}
