import { goldenPaths } from "../../test/support/compile";
import { fidelityCases } from "../../test/support/fidelity-cases";
import { compile } from "../compile/compile";
import { type Json, type ProxyConfig, type World } from "../compile/types";
import { isObject, textOf } from "./reduce/json";
import { reduceProxy } from "./reduce/reduce";
import { fromCompiled } from "./sides/compiled";

/** Each value in `value` that is no list and no object, with the way to it. */
function* leaves(value: Json, path: string[] = []): Generator<string[]> {
  if (!Array.isArray(value) && !isObject(value)) yield path;
  else for (const [key, child] of Object.entries(value)) yield* leaves(child, [...path, key]);
}

/** A copy with another value at the end of the way. */
function changed(value: Json, [key, ...rest]: string[]): Json {
  if (key === undefined)
    return typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : `${String(value)}?`;
  if (Array.isArray(value)) return value.with(Number(key), changed(value[Number(key)] ?? null, rest));
  return isObject(value) ? { ...value, [key]: changed(value[key] ?? null, rest) } : value;
}

const withoutNumbers = (path: string[]): string => path.filter((key) => !/^\d+$/.test(key)).join(".");

type Section = "listeners" | "clusters" | "routes";

function overlooked(config: ProxyConfig, name: string, world: World): string[] {
  const workload = world.workloads.find((one) => one.name === name)!;
  const reduced = (one: ProxyConfig): string => textOf(reduceProxy(fromCompiled(one, workload, world)));
  const before = reduced(config);
  return (["listeners", "clusters", "routes"] satisfies Section[]).flatMap((section) =>
    [...leaves(config[section] as Json)]
      .filter((path) => reduced({ ...config, [section]: changed(config[section] as Json, path) }) === before)
      .map((path) => `${section}.${withoutNumbers(path)}`),
  );
}

/** Sources are files on a laptop; of a resource's own name and type there is no need to speak. */
const isKnown = (path: string): boolean =>
  /(_config|config_source)\.(initial_fetch_timeout|resource_api_version|path_config_source\..*)$/.test(
    path,
  ) || /^(clusters|listeners|routes\..*)\.@type$/.test(path);

test("the reducers overlook nothing but what docs/fidelity.md lists", () => {
  const own = fidelityCases.filter(({ name }) => ["nothing", "gateway", "service-entry"].includes(name));
  const found = own.flatMap(({ files, world }) =>
    [...compile(files, world, goldenPaths).proxies].flatMap(([name, config]) =>
      overlooked(config, name, world),
    ),
  );
  const paths = new Set(found.map((path) => path.replace(/^routes\..*:\d+\./, "routes.HOST:PORT.")));
  expect([...paths].filter((path) => !isKnown(path)).sort()).toEqual([
    "clusters.eds_cluster_config.service_name",
    "clusters.load_assignment.cluster_name",
    "clusters.load_assignment.endpoints.lb_endpoints.endpoint.address.pipe.path",
    "clusters.load_assignment.endpoints.lb_endpoints.endpoint.address.socket_address.address",
    "clusters.load_assignment.endpoints.lb_endpoints.endpoint.address.socket_address.port_value",
    "clusters.type",
    "listeners.address.socket_address.address",
    "listeners.address.socket_address.port_value",
    "listeners.filter_chains.filters.typed_config.rds.route_config_name",
    "listeners.filter_chains.filters.typed_config.route_config.name",
    "routes.HOST:PORT.name",
    "routes.HOST:PORT.virtual_hosts.domains",
    "routes.http.80.name",
  ]);
});
