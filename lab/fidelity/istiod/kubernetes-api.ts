import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo } from "node:net";

import { type Json } from "../../compile/types";
import { istioResources, kindOf, type KubernetesObject, pathOf } from "./objects";

export type KubernetesApi = { url: string; close(): Promise<void> };

/**
 * As much of the Kubernetes API as istiod reads, on loopback: it lists `objects` and never changes. What istiod writes
 * (its leases and its leader's name) is taken and forgotten.
 */
export async function startKubernetesApi(objects: KubernetesObject[]): Promise<KubernetesApi> {
  const server = createServer((request, response) => {
    answer(request, response, objects);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        // Watches stay open for as long as istiod runs.
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, objects: KubernetesObject[]): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
  if (request.method !== "GET") {
    echo(request, response);
    return;
  }
  if (pathname === "/version") {
    send(response, 200, { major: "1", minor: "34", gitVersion: "v1.34.0" });
    return;
  }
  const { collection, resource, namespace, name } = parsePath(pathname);
  const found = itemsOf(collection, objects).filter(
    ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
  );
  if (name !== undefined) {
    const object = found.find(({ metadata }) => metadata.name === name);
    if (object === undefined) send(response, 404, notFound);
    else send(response, 200, object);
  } else if (searchParams.has("watch")) {
    const initial = searchParams.get("sendInitialEvents") === "true";
    watch(response, initial ? found : [], initial ? bookmark(resource, pathname) : undefined);
  } else {
    const { kind, apiVersion } = listType(resource, pathname);
    send(response, 200, {
      kind: `${kind}List`,
      apiVersion,
      metadata: { resourceVersion: "1" },
      items: found,
    });
  }
}

const notFound: Json = {
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  reason: "NotFound",
  code: 404,
};

type Place = {
  collection: string;
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
};

type List = { kind: string; apiVersion: string; metadata: Json; items: KubernetesObject[] };

/** `/apis/networking.istio.io/v1/namespaces/shop/gateways/front` and its shorter forms. */
function parsePath(pathname: string): Place {
  const parts = pathname.split("/").filter((part) => part !== "");
  const prefix = parts.splice(0, parts[0] === "api" ? 2 : 3);
  const namespace = parts[0] === "namespaces" && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
  const [resource = "", name] = parts;
  return { collection: `/${[...prefix, resource].join("/")}`, resource, namespace, name };
}

function itemsOf(collection: string, objects: KubernetesObject[]): KubernetesObject[] {
  if (collection.endsWith("/customresourcedefinitions")) return istioResources.map(definition);
  return objects.filter((object) => pathOf(object) === collection);
}

/** istiod reads no more of a definition than that it is there. */
const definition = (name: string): KubernetesObject => ({
  apiVersion: "meta.k8s.io/v1",
  kind: "PartialObjectMetadata",
  metadata: { name, uid: name, resourceVersion: "1" },
});

function listType(resource: string, pathname: string): { kind: string; apiVersion: string } {
  if (resource === "customresourcedefinitions")
    return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1" };
  const [, root = "", first = "", second = ""] = pathname.split("/");
  return { kind: kindOf(resource), apiVersion: root === "api" ? first : `${first}/${second}` };
}

/** Says that all that is there was sent. */
function bookmark(resource: string, pathname: string): Json {
  return {
    ...listType(resource, pathname),
    metadata: { resourceVersion: "1", annotations: { "k8s.io/initial-events-end": "true" } },
  };
}

function watch(response: ServerResponse, objects: KubernetesObject[], end: Json | undefined): void {
  response.writeHead(200, { "content-type": "application/json" });
  for (const object of objects) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
  if (end !== undefined) response.write(`${JSON.stringify({ type: "BOOKMARK", object: end })}\n`);
  response.flushHeaders();
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    response.writeHead(201, { "content-type": request.headers["content-type"] ?? "application/json" });
    response.end(Buffer.concat(chunks));
  });
}

function send(response: ServerResponse, status: number, body: Json | KubernetesObject | List): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
