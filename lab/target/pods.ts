import { z } from "zod";

import { type Kubectl, namespaces } from "./kubectl";
import { type Replica } from "./target";

const status = z.looseObject({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: z
    .looseObject({
      waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    })
    .optional(),
});
const container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  restartPolicy: z.string().optional(),
  resources: z.looseObject({ requests: z.record(z.string(), z.string()).optional() }).optional(),
});
const pod = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()).default({}),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    ownerReferences: z.array(z.looseObject({ kind: z.string() })).default([]),
  }),
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: z.array(container),
    initContainers: z.array(container).default([]),
  }),
  status: z.looseObject({
    phase: z.string().default("Unknown"),
    containerStatuses: z.array(status).default([]),
    initContainerStatuses: z.array(status).default([]),
    conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
  }),
});
const podList = z.looseObject({ items: z.array(pod) });

export type Pod = Replica & {
  namespace: string;
  createdAt: string;
  phase: string;
  /** Whether it is on its way out. */
  ending: boolean;
  /** Whether something replaces it when it is gone; a test's pod has nobody. */
  owned: boolean;
  node: string | undefined;
  /** The container of the service itself. */
  container: string;
  image: string | undefined;
  /** What all its containers ask for, in bytes. */
  memoryRequest: number;
  /** Why a container does not run, such as ImagePullBackOff. */
  waitingFor: string | undefined;
};

export const nameLabel = "app.kubernetes.io/name";
const ingressLabel = "istio=ingressgateway";

/** Bytes of a Kubernetes quantity: `96Mi`, `1Gi`, `500k`, `1000`. NaN of anything else. */
export function parseQuantity(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T|m)?$/.exec(text);
  if (match === null) return Number.NaN;
  const units: Record<string, number> = {
    Ki: 2 ** 10,
    Mi: 2 ** 20,
    Gi: 2 ** 30,
    Ti: 2 ** 40,
    k: 1e3,
    M: 1e6,
    G: 1e9,
    T: 1e12,
    m: 1e-3,
  };
  return Number(match[1]) * (units[match[2] ?? ""] ?? 1);
}

/** Reads the answer of `kubectl get pods -o json`, oldest pod first. Pods that have ended are left out. */
export function readPods(answer: unknown): Pod[] {
  return podList
    .parse(answer)
    .items.filter(({ status: { phase } }) => phase !== "Succeeded" && phase !== "Failed")
    .map(toPod)
    .sort((a, b) =>
      a.createdAt === b.createdAt ? (a.name < b.name ? -1 : 1) : a.createdAt < b.createdAt ? -1 : 1,
    );
}

function toPod({ metadata, spec, status: state }: z.infer<typeof pod>): Pod {
  const statuses = [...state.containerStatuses, ...state.initContainerStatuses];
  // Init containers that stay, as sidecars do, count like the others.
  const staying = [
    ...spec.containers,
    ...spec.initContainers.filter((entry) => entry.restartPolicy === "Always"),
  ];
  const workload = metadata.labels[nameLabel] ?? metadata.labels.app ?? metadata.name;
  const own = spec.containers.find((entry) => entry.name === workload) ?? spec.containers[0];
  const ending = metadata.deletionTimestamp !== undefined;
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    workload,
    labels: metadata.labels,
    createdAt: metadata.creationTimestamp,
    phase: state.phase,
    ending,
    owned: metadata.ownerReferences.length > 0,
    node: spec.nodeName,
    ready:
      !ending && state.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    container: own?.name ?? "",
    image: own?.image,
    memoryRequest: staying.reduce(
      (sum, { resources }) => sum + parseQuantity(resources?.requests?.memory ?? "0"),
      0,
    ),
    waitingFor: statuses.map(({ state: now }) => now?.waiting?.reason).find((reason) => reason !== undefined),
  };
}

/** The pods of a workload that are not on their way out. */
export async function podsOf(kubectl: Kubectl, workload: string): Promise<Pod[]> {
  const [namespace, selector] =
    workload === "ingress"
      ? [namespaces.istio, ingressLabel]
      : [namespaces.services, `${nameLabel}=${workload}`];
  return (await podsWith(kubectl, namespace, selector)).filter(({ ending }) => !ending);
}

/** The pods of a namespace by a label selector; all where it is empty. */
export async function podsWith(kubectl: Kubectl, namespace: string, selector = ""): Promise<Pod[]> {
  return readPods(await kubectl.json(["get", "pods", "-n", namespace, "-l", selector, "-o", "json"]));
}
