import { createHash } from "node:crypto";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import type { CompileOptions, Json, ProxyConfig } from "../compile/types";
import { fromDiskError } from "../run/failure";

type JsonObject = { [key: string]: Json };

/** A file of discovery resources, and the version that Envoy tells once it has taken it. */
export type XdsFile = { version: string; resources: Json[] };

/** What a sidecar is told, file by file. */
export type XdsFiles = {
  clusters: XdsFile;
  listeners: XdsFile;
  /** By the route configuration's name. */
  routes: Map<string, XdsFile>;
};

/**
 * A compiled configuration as files. Endpoints go into their clusters and the root certificate into its places:
 * each file that Envoy watches takes an inotify instance, of which Linux gives a user 128 by default for all programs.
 * Routes keep files of their own, so that a changed one leaves connections alone. Endpoints at the ports of `absent`
 * are left out.
 */
export function toFiles(
  config: ProxyConfig,
  root: string,
  absent: ReadonlySet<number> = new Set(),
): XdsFiles {
  const clusters = config.clusters.map((cluster) =>
    withRoot(withEndpoints(cluster, config.endpoints, absent), root),
  );
  return {
    clusters: fileOf(clusters),
    listeners: fileOf(config.listeners.map((listener) => withRoot(listener, root))),
    routes: new Map(Object.entries(config.routes).map(([name, route]) => [name, fileOf([route])])),
  };
}

/** The version is the content's hash: what has not changed is not written again. */
function fileOf(resources: Json[]): XdsFile {
  const version = createHash("sha256").update(JSON.stringify(resources)).digest("hex").slice(0, 16);
  return { version, resources };
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const nameOf = (resource: Json): string =>
  isObject(resource) && typeof resource.name === "string" ? resource.name : "";

/** A resource as a part of another one, where nobody needs to be told what it is. */
export function withoutType(resource: Json | undefined): JsonObject {
  if (!isObject(resource)) return {};
  return Object.fromEntries(Object.entries(resource).filter(([key]) => key !== "@type"));
}

function withEndpoints(
  cluster: Json,
  endpoints: ProxyConfig["endpoints"],
  absent: ReadonlySet<number>,
): Json {
  if (!isObject(cluster) || cluster.type !== "EDS") return cluster;
  const { eds_cluster_config: eds, ...rest } = cluster;
  const service = isObject(eds) && typeof eds.service_name === "string" ? eds.service_name : undefined;
  const found = without(absent, endpoints[nameOf(cluster)] ?? endpoints[service ?? ""]);
  return {
    ...rest,
    type: "STATIC",
    load_assignment: { cluster_name: nameOf(cluster), ...withoutType(found) },
  };
}

/** An assignment of endpoints without those at the ports. */
function without(ports: ReadonlySet<number>, assignment: Json | undefined): Json | undefined {
  if (ports.size === 0 || !isObject(assignment) || !Array.isArray(assignment.endpoints)) return assignment;
  const stays = (entry: Json): boolean => {
    const endpoint = isObject(entry) ? entry.endpoint : undefined;
    const address = isObject(endpoint) ? endpoint.address : undefined;
    const socket = isObject(address) ? address.socket_address : undefined;
    return !isObject(socket) || !ports.has(Number(socket.port_value));
  };
  const endpoints = assignment.endpoints.map((group) =>
    isObject(group) && Array.isArray(group.lb_endpoints)
      ? { ...group, lb_endpoints: group.lb_endpoints.filter(stays) }
      : group,
  );
  return { ...assignment, endpoints };
}

/** Replaces references to the secret ROOTCA, which never changes, by the certificate itself. */
function withRoot(value: Json, root: string): Json {
  if (Array.isArray(value)) return value.map((entry) => withRoot(entry, root));
  if (!isObject(value)) return value;
  const {
    combined_validation_context: combined,
    validation_context_sds_secret_config: plain,
    ...rest
  } = value;
  const trusted = { trusted_ca: { inline_string: root } };
  if (isObject(combined) && isRoot(combined.validation_context_sds_secret_config)) {
    const own = isObject(combined.default_validation_context) ? combined.default_validation_context : {};
    return { ...rest, validation_context: { ...own, ...trusted } };
  }
  if (isRoot(plain)) return { ...rest, validation_context: trusted };
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withRoot(entry, root)]));
}

const isRoot = (reference: Json | undefined): boolean => isObject(reference) && reference.name === "ROOTCA";

/** The clusters of `next` and those of `before` that it no longer has: routes may still name them. */
export function bothClusters(before: XdsFile, next: XdsFile): XdsFile {
  const names = new Set(next.resources.map(nameOf));
  const going = before.resources.filter((cluster) => !names.has(nameOf(cluster)));
  return going.length === 0 ? next : fileOf([...next.resources, ...going]);
}

/** Replaces a file at once. The folder must be the one that Envoy watches: only a move within it is seen. */
export async function writeResources(path: string, { version, resources }: XdsFile): Promise<void> {
  await replaceFile(path, JSON.stringify({ version_info: version, resources }));
}

export async function replaceFile(path: string, content: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(`${path}.new`, content, { mode: 0o600 });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw fromDiskError(error, path);
  }
}

/** Writes everything, for a sidecar that does not run yet. */
export async function writeAll(name: string, files: XdsFiles, path: CompileOptions["path"]): Promise<void> {
  for (const [route, file] of files.routes) await writeResources(path(name, "rds", route), file);
  await writeResources(path(name, "cds"), files.clusters);
  await writeResources(path(name, "lds"), files.listeners);
  await removeOldRoutes(name, files, path);
}

/** Removes the files of route configurations that no listener asks for any more. */
export async function removeOldRoutes(
  name: string,
  files: XdsFiles,
  path: CompileOptions["path"],
): Promise<void> {
  const wanted = new Set([...files.routes.keys()].map((route) => path(name, "rds", route)));
  const folder = dirname(path(name, "rds", "any"));
  const found = await readdir(folder).catch(() => []);
  for (const file of found.map((entry) => join(folder, entry)))
    if (!wanted.has(file)) await rm(file, { force: true });
}

/** A secret as Envoy reads it from a file. */
export function secretFile(name: string, secret: JsonObject): string {
  const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
  return JSON.stringify({ resources: [{ "@type": type, name, ...secret }] });
}
