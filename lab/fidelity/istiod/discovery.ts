import { join } from "node:path";

import { Client, type ClientDuplexStream, credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

import { sourceFolder } from "../../../lib/paths";
import { serviceCluster } from "../../compile/envoy/tracing";
import { type Workload, type World } from "../../compile/types";
import { canonicalName, podAddress, podLabels } from "./objects";

type Value =
  | { stringValue: string }
  | { numberValue: number }
  | { structValue: Struct }
  | { listValue: { values: Value[] } };
type Struct = { fields: Record<string, Value> };
type Request = { node?: Node; resourceNames?: string[]; typeUrl: string };
type Response = { typeUrl: string };
type Node = { id: string; cluster: string; metadata: Struct };
type Stream = ClientDuplexStream<Request, Response>;

const service = "envoy.service.discovery.v3.AggregatedDiscoveryService";
const types = {
  clusters: "type.googleapis.com/envoy.config.cluster.v3.Cluster",
  listeners: "type.googleapis.com/envoy.config.listener.v3.Listener",
  routes: "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
  endpoints: "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
};

/** A stream on which istiod sees one proxy. `id` is what istiod calls it. */
export type Connection = {
  id: string;
  /** Watches the endpoints of clusters too. Resolves when istiod has sent them. */
  watchEndpoints(clusters: string[]): Promise<void>;
  close(): void;
};

/**
 * Makes `workload` known to the istiod at `address` as a proxy, with the metadata that a sidecar beside its pod would
 * have. Resolves when istiod has sent everything that was asked for; rejects where the stream breaks before.
 */
export async function connectProxy(
  address: string,
  { workload, world, routes }: { workload: Workload; world: World; routes: string[] },
): Promise<Connection> {
  const client = new Client(address, credentials.createInsecure());
  const stream = openStream(client);
  const node = toNode(workload, world);
  const ask = (requests: Request[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const missing = new Set(requests.map(({ typeUrl }) => typeUrl));
      stream.on("data", ({ typeUrl }: Response) => {
        missing.delete(typeUrl);
        if (missing.size === 0) resolve();
      });
      stream.on("error", reject);
      for (const request of requests) stream.write(request);
    });
  await ask([
    { node, typeUrl: types.clusters },
    { typeUrl: types.listeners },
    ...(routes.length > 0 ? [{ typeUrl: types.routes, resourceNames: routes }] : []),
  ]);
  return {
    id: node.id.split("~")[2] ?? "",
    watchEndpoints: (clusters) =>
      clusters.length === 0
        ? Promise.resolve()
        : ask([{ typeUrl: types.endpoints, resourceNames: clusters }]),
    close: () => {
      stream.cancel();
      client.close();
    },
  };
}

function openStream(client: Client): Stream {
  const loaded = loadPackageDefinition(loadSync(join(sourceFolder(__dirname), "discovery.proto")));
  const found = service.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], loaded);
  const { StreamAggregatedResources: method } = (found as { service: Record<string, Method> }).service;
  if (method === undefined) throw new Error(`discovery.proto does not define ${service}`);
  return client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
}

type Method = {
  path: string;
  requestSerialize(request: Request): Buffer;
  responseDeserialize(bytes: Buffer): Response;
};

function toNode(workload: Workload, world: World): Node {
  const { name, namespace, serviceAccount, kind } = workload;
  const address = podAddress(world.workloads.indexOf(workload));
  const domain = `${namespace}.svc.cluster.local`;
  const { tracingServiceName } = (world.meshConfig.defaultConfig ?? {}) as {
    tracingServiceName?: Parameters<typeof serviceCluster>[1];
  };
  return {
    id: `${kind === "gateway" ? "router" : "sidecar"}~${address}~${name}.${namespace}~${domain}`,
    cluster: serviceCluster(workload, tracingServiceName),
    metadata: toStruct({
      NAME: name,
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: serviceAccount,
      LABELS: podLabels(workload, world),
      INSTANCE_IPS: address,
      INTERCEPTION_MODE: "REDIRECT",
      CLUSTER_ID: "Kubernetes",
      MESH_ID: world.trustDomain,
      WORKLOAD_NAME: canonicalName(workload),
    }),
  };
}

type Metadata = string | number | Metadata[] | { [key: string]: Metadata };

function toStruct(fields: Record<string, Metadata>): Struct {
  return { fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toValue(value)])) };
}

function toValue(value: Metadata): Value {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { numberValue: value };
  return Array.isArray(value)
    ? { listValue: { values: value.map(toValue) } }
    : { structValue: toStruct(value) };
}
