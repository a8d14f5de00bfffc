import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { type Json, type MeshService, type SourceFile, type Workload, type World } from "../../compile/types";

/** An object of the Kubernetes API, as JSON. */
export type KubernetesObject = {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
  [field: string]: Json | undefined | Metadata;
};

type Metadata = { name: string; namespace?: string; [key: string]: Json | undefined };

const kinds: Record<string, string> = {
  virtualservices: "VirtualService",
  destinationrules: "DestinationRule",
  gateways: "Gateway",
  serviceentries: "ServiceEntry",
  envoyfilters: "EnvoyFilter",
  sidecars: "Sidecar",
  workloadentries: "WorkloadEntry",
  workloadgroups: "WorkloadGroup",
  proxyconfigs: "ProxyConfig",
  peerauthentications: "PeerAuthentication",
  authorizationpolicies: "AuthorizationPolicy",
  requestauthentications: "RequestAuthentication",
  telemetries: "Telemetry",
  wasmplugins: "WasmPlugin",
  namespaces: "Namespace",
  services: "Service",
  pods: "Pod",
  nodes: "Node",
  secrets: "Secret",
  configmaps: "ConfigMap",
  serviceaccounts: "ServiceAccount",
  endpointslices: "EndpointSlice",
  ingresses: "Ingress",
  ingressclasses: "IngressClass",
  mutatingwebhookconfigurations: "MutatingWebhookConfiguration",
  validatingwebhookconfigurations: "ValidatingWebhookConfiguration",
};

const groups: Record<string, string> = {
  PeerAuthentication: "security.istio.io",
  AuthorizationPolicy: "security.istio.io",
  RequestAuthentication: "security.istio.io",
  Telemetry: "telemetry.istio.io",
  WasmPlugin: "extensions.istio.io",
};

/** What each kind is stored as; istiod asks for no other version. */
const versions: Record<string, string> = {
  EnvoyFilter: "v1alpha3",
  ProxyConfig: "v1beta1",
  WasmPlugin: "v1alpha1",
};

const istioPlurals = Object.keys(kinds).slice(0, 14);

/** `virtualservices.networking.istio.io` and the others that an installation of Istio defines. */
export const istioResources = istioPlurals.map(
  (plural) => `${plural}.${groups[kinds[plural] ?? ""] ?? "networking.istio.io"}`,
);

/** The kind of a resource; the resource itself where it is not known. */
export const kindOf = (resource: string): string => kinds[resource] ?? resource;

/** Where a list of objects like this one is found: `/apis/networking.istio.io/v1/virtualservices`. */
export function pathOf({ apiVersion, kind }: KubernetesObject): string {
  const plural = Object.keys(kinds).find((name) => kinds[name] === kind) ?? "";
  return `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}/${plural}`;
}

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default("default") }),
});

/** The objects of YAML files, in the version in which they are stored. */
export function toIstioObjects(files: SourceFile[]): KubernetesObject[] {
  return files.flatMap(({ text }) =>
    parseAllDocuments(text).flatMap((document): KubernetesObject[] => {
      const parsed = named.safeParse(document.toJS());
      if (!parsed.success) return [];
      const { kind, metadata } = parsed.data;
      const group = groups[kind] ?? "networking.istio.io";
      const object = {
        ...(parsed.data as KubernetesObject),
        apiVersion: `${group}/${versions[kind] ?? "v1"}`,
      };
      return [{ ...object, metadata: complete({ ...metadata } as Metadata) }];
    }),
  );
}

/** All are made at once, so that names decide where age would. */
const complete = (metadata: Metadata): Metadata => ({
  ...metadata,
  uid: `${metadata.namespace ?? ""}/${metadata.name}`,
  resourceVersion: "1",
  creationTimestamp: "2024-01-01T00:00:00Z",
});

/** The address of a workload's pod: one that is in no use, by its place in the world. */
export const podAddress = (index: number): string => `10.244.7.${String(index + 10)}`;

/** The address of a service, by its place in the world. */
export const serviceAddress = (index: number): string => `10.96.7.${String(index + 10)}`;

/** What a cluster's registry would hold for `world`. */
export function toClusterObjects(world: World): KubernetesObject[] {
  const namespaces = new Set(["istio-system", ...world.services.map(({ namespace }) => namespace)]);
  for (const { namespace } of world.workloads) namespaces.add(namespace);
  return [
    ...[...namespaces].map((name): KubernetesObject => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: complete({ name }),
      status: { phase: "Active" },
    })),
    ...world.workloads.map((workload, index) => toPod(workload, index, world)),
    ...world.services.flatMap((service, index) => [toService(service, index), toSlice(service, world)]),
  ];
}

/** Whether a sidecar stands beside a workload, as its label says to istiod. */
export function hasSidecar(workload: Workload, { services }: World): boolean {
  const own = services.filter((service) => isBehind(service, workload));
  return own.length === 0 || own.some(({ meshed }) => meshed);
}

/** What Istio's injector calls a workload. */
export const canonicalName = ({ labels, name }: Workload): string =>
  labels["app.kubernetes.io/name"] ?? labels.app ?? name;

/** A workload's labels as its pod has them. */
export const podLabels = (workload: Workload, world: World): Record<string, string> => ({
  ...workload.labels,
  "service.istio.io/canonical-name": canonicalName(workload),
  ...(hasSidecar(workload, world) && { "security.istio.io/tlsMode": "istio" }),
});

const isBehind = ({ namespace, selector }: MeshService, { labels, ...workload }: Workload): boolean =>
  workload.namespace === namespace && Object.entries(selector).every(([key, value]) => labels[key] === value);

function toPod(workload: Workload, index: number, world: World): KubernetesObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: complete({
      name: workload.name,
      namespace: workload.namespace,
      labels: podLabels(workload, world),
    }),
    spec: {
      serviceAccountName: workload.serviceAccount,
      nodeName: "node",
      containers: [
        { name: "app", image: "app", ports: workload.inbound.map(({ port }) => ({ containerPort: port })) },
      ],
    },
    status: {
      phase: "Running",
      podIP: podAddress(index),
      podIPs: [{ ip: podAddress(index) }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  };
}

const shortName = ({ host }: MeshService): string => host.split(".")[0] ?? "";

function toService(service: MeshService, index: number): KubernetesObject {
  const address = serviceAddress(index);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: complete({ name: shortName(service), namespace: service.namespace }),
    spec: {
      type: "ClusterIP",
      clusterIP: address,
      clusterIPs: [address],
      selector: service.selector,
      ports: service.ports.map(({ name, number, protocol }) => ({
        name,
        port: number,
        targetPort: number,
        protocol: "TCP",
        ...(protocol === "tcp" && { appProtocol: "tcp" }),
      })),
    },
  };
}

function toSlice(service: MeshService, world: World): KubernetesObject {
  const endpoints = world.workloads.flatMap((workload, index) =>
    isBehind(service, workload)
      ? [
          {
            addresses: [podAddress(index)],
            conditions: { ready: true, serving: true },
            nodeName: "node",
            targetRef: { kind: "Pod", name: workload.name, namespace: workload.namespace },
          },
        ]
      : [],
  );
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: complete({
      name: `${shortName(service)}-1`,
      namespace: service.namespace,
      labels: { "kubernetes.io/service-name": shortName(service) },
    }),
    addressType: "IPv4",
    ports: service.ports.map(({ name, number }) => ({ name, port: number, protocol: "TCP" })),
    endpoints,
  };
}
