import { z } from "zod";

import { serviceNames } from "../../lib/events";
import { faultLabel } from "./faults";
import { createForwards } from "./forward";
import { ingressUrl } from "./ingress";
import { type Kubectl, namespaces } from "./kubectl";
import { parseQuantity, type Pod, podsWith } from "./pods";

export type PodReport = {
  name: string;
  namespace: string;
  workload: string;
  status: string;
  ready: boolean;
  restarts: number;
  ageMs: number;
  /** What its containers use; undefined where the cluster does not measure it. */
  memoryBytes: number | undefined;
  memoryRequestBytes: number;
};
export type KubeStatus = {
  target: "kube";
  context: string;
  /** Undefined where the ingress gateway lets nothing in. */
  url: string | undefined;
  ready: boolean;
  pods: PodReport[];
  /** Services without any pod. */
  missing: string[];
  memoryBytes: number | undefined;
  memoryRequestBytes: number;
  /** Istio's objects in the services' namespace, by kind. */
  rules: Record<string, number>;
  faults: { name: string; since: string }[];
};

const kinds = [
  "virtualservices.networking.istio.io",
  "destinationrules.networking.istio.io",
  "gateways.networking.istio.io",
  "envoyfilters.networking.istio.io",
  "authorizationpolicies.security.istio.io",
  "peerauthentications.security.istio.io",
  "telemetries.telemetry.istio.io",
];
const ruleList = z.looseObject({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({
        creationTimestamp: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    }),
  ),
});

/** Looks at the pods, the rules and the way in. */
export async function readKubeStatus(kubectl: Kubectl): Promise<KubeStatus> {
  const forwards = createForwards(kubectl);
  try {
    const spaces = [namespaces.services, namespaces.platform];
    const [found, rules, url] = await Promise.all([
      Promise.all(spaces.map((namespace) => podsWith(kubectl, namespace))),
      readRules(kubectl),
      ingressUrl(kubectl, forwards).catch(() => undefined),
    ]);
    const all = found.flat();
    const used = await readMemory(kubectl, all);
    const pods = all.map((pod) => toReport(pod, used));
    const missing = serviceNames.filter((name) => !pods.some(({ workload }) => workload === name));
    const known = pods.map(({ memoryBytes }) => memoryBytes).filter((bytes) => bytes !== undefined);
    return {
      target: "kube",
      context: kubectl.context,
      url,
      ready:
        url !== undefined &&
        missing.length === 0 &&
        all.every(({ ready, ending, owned }) => ready || ending || !owned),
      pods,
      missing,
      memoryBytes: known.length === 0 ? undefined : sum(known),
      memoryRequestBytes: sum(pods.map(({ memoryRequestBytes }) => memoryRequestBytes)),
      ...rules,
    };
  } finally {
    forwards.close();
  }
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);

function toReport(pod: Pod, used: ReadonlyMap<string, number>): PodReport {
  const { name, namespace, workload, ready, restarts, memoryRequest } = pod;
  const status = pod.ending ? "ending" : ready ? "ready" : (pod.waitingFor ?? "not ready");
  return {
    name,
    namespace,
    workload,
    status,
    ready,
    restarts,
    ageMs: Date.now() - Date.parse(pod.createdAt),
    memoryBytes: used.get(`${namespace}/${name}`),
    memoryRequestBytes: memoryRequest,
  };
}

async function readRules(kubectl: Kubectl): Promise<Pick<KubeStatus, "rules" | "faults">> {
  const answer = await kubectl.json(["get", kinds.join(","), "-n", namespaces.services, "-o", "json"]);
  const { items } = ruleList.parse(answer);
  const rules: Record<string, number> = {};
  for (const { kind } of items) rules[kind] = (rules[kind] ?? 0) + 1;
  const faults = items.flatMap(({ metadata: { labels, creationTimestamp: since } }) => {
    const name = labels[faultLabel];
    return name === undefined ? [] : [{ name, since }];
  });
  return { rules, faults };
}

const podMetrics = z.looseObject({
  items: z.array(
    z.looseObject({
      metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
      containers: z.array(z.looseObject({ usage: z.looseObject({ memory: z.string() }) })),
    }),
  ),
});
const kubeletSummary = z.looseObject({
  pods: z.array(
    z.looseObject({
      podRef: z.looseObject({ name: z.string(), namespace: z.string() }),
      memory: z.looseObject({ workingSetBytes: z.number().optional() }).optional(),
      containers: z
        .array(
          z.looseObject({ memory: z.looseObject({ workingSetBytes: z.number().optional() }).optional() }),
        )
        .default([]),
    }),
  ),
});

/** Bytes in use by pod, from the metrics server, or else from the nodes themselves; empty where neither tells. */
async function readMemory(kubectl: Kubectl, pods: readonly Pod[]): Promise<Map<string, number>> {
  const metrics = await kubectl
    .json(["get", "--raw", "/apis/metrics.k8s.io/v1beta1/pods"])
    .then((answer) => podMetrics.parse(answer).items)
    .catch(() => undefined);
  if (metrics !== undefined)
    return new Map(
      metrics.map(({ metadata: { namespace, name }, containers }) => [
        `${namespace}/${name}`,
        sum(containers.map(({ usage }) => parseQuantity(usage.memory))),
      ]),
    );
  const nodes = [...new Set(pods.map(({ node }) => node).filter((node) => node !== undefined))];
  const summaries = await Promise.all(
    nodes.map((node) =>
      kubectl
        .json(["get", "--raw", `/api/v1/nodes/${node}/proxy/stats/summary`])
        .then((answer) => kubeletSummary.parse(answer).pods)
        .catch(() => []),
    ),
  );
  return new Map(
    summaries.flat().flatMap(({ podRef: { namespace, name }, memory, containers }) => {
      const parts = containers.map((entry) => entry.memory?.workingSetBytes ?? 0);
      const bytes = memory?.workingSetBytes ?? sum(parts);
      return bytes > 0 ? [[`${namespace}/${name}`, bytes] as const] : [];
    }),
  );
}
