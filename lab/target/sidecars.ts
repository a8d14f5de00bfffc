import { Failure } from "../run/failure";
import { type ConfigVersion, configVersion, type EnvoyStats, parseStats } from "./envoy";
import { createForwards } from "./forward";
import { type Kubectl, namespaces } from "./kubectl";
import { type Pod, podsWith } from "./pods";
import { type RuleObject } from "./rules";

const adminPort = 15000;
const inForceLimitMs = 30_000;
const pollMs = 200;

export type PodRef = Pick<Pod, "namespace" | "name">;

/** Envoy's admin pages of the sidecars, each through a forwarded port that stays open. */
export type Sidecars = {
  stats(pod: PodRef, filter?: string): Promise<EnvoyStats>;
  get(pod: PodRef, path: string): Promise<string>;
  close(): void;
};

/** Reaches the sidecars of any pod that has one. */
export function createSidecars(kubectl: Kubectl): Sidecars {
  const forwards = createForwards(kubectl);
  async function ask({ namespace, name }: PodRef, path: string): Promise<string> {
    const port = await forwards.open({ namespace, resource: `pod/${name}`, port: adminPort });
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
      signal: AbortSignal.timeout(10_000),
    });
    return response.text();
  }
  async function get(pod: PodRef, path: string): Promise<string> {
    try {
      return await ask(pod, path);
    } catch {
      // A forward ends when a connection breaks, and with Ctrl-C; a moment later that is known, and a new one works.
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    return ask(pod, path).catch((error: unknown) => {
      throw new Failure("sidecar.unreachable", `the sidecar of ${pod.name} does not answer`, {
        fix: "see ./symphony --target kube status",
        cause: error,
      });
    });
  }
  return {
    get,
    stats: async (pod, filter) =>
      parseStats(
        await get(pod, filter === undefined ? "/stats" : `/stats?filter=${encodeURIComponent(filter)}`),
      ),
    close: () => {
      forwards.close();
    },
  };
}

type Affected = { pod: Pod; listeners: boolean; clusters: boolean; before: ConfigVersion };

const versionFilter = "version_text|filter_chains_draining";

/**
 * Tells when a change of rules has arrived: `watch` before the change, `arrived` after it. istiod numbers its
 * pushes, so a sidecar whose number has grown has what was applied before the push.
 */
export async function watchRules(
  kubectl: Kubectl,
  sidecars: Sidecars,
  objects: readonly RuleObject[],
): Promise<{ arrived(): Promise<void> }> {
  const affected = await findAffected(kubectl, sidecars, objects);
  return {
    async arrived() {
      const deadline = Date.now() + inForceLimitMs;
      for (;;) {
        const states = await Promise.all(affected.map((entry) => hasNews(kubectl, sidecars, entry)));
        const late = affected.filter((_, index) => states[index] !== true);
        if (late.length === 0) return;
        if (Date.now() > deadline)
          throw new Failure(
            "rule.not_in_force",
            `the rule did not reach ${late.map(({ pod }) => pod.name).join(", ")} in ${String(inForceLimitMs / 1000)} s`,
            { fix: "see istioctl analyze -n symphony, and the logs of istiod" },
          );
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
  };
}

async function hasNews(
  kubectl: Kubectl,
  sidecars: Sidecars,
  { pod, listeners, clusters, before }: Affected,
): Promise<boolean> {
  const stats = await sidecars.stats(pod, versionFilter).catch(() => undefined);
  // A pod that is gone meanwhile has nothing to wait for: its successor starts with the new rules.
  if (stats === undefined) return !(await exists(kubectl, pod));
  const now = configVersion(stats);
  if (clusters && now.clusters <= before.clusters) return false;
  return !listeners || now.listeners > before.listeners;
}

async function exists(kubectl: Kubectl, { namespace, name }: PodRef): Promise<boolean> {
  return (
    (await kubectl.run(["get", "pod", "-n", namespace, name, "--ignore-not-found", "-o", "name"])) !== ""
  );
}

async function findAffected(
  kubectl: Kubectl,
  sidecars: Sidecars,
  objects: readonly RuleObject[],
): Promise<Affected[]> {
  const all = [
    ...(await podsWith(kubectl, namespaces.services)),
    ...(await podsWith(kubectl, namespaces.istio, "istio=ingressgateway")),
  ].filter(({ ready, labels }) => ready && hasSidecar(labels));
  const affected = all.flatMap((pod) => {
    const named = objects.filter((object) => concerns(object, pod));
    // Destination rules change clusters, everything else listeners and what hangs on them.
    const clusters = named.some(({ kind }) => kind === "DestinationRule");
    const listeners = named.some(({ kind }) => kind !== "DestinationRule");
    return clusters || listeners ? [{ pod, clusters, listeners }] : [];
  });
  return Promise.all(
    affected.map(async (entry) => ({
      ...entry,
      before: configVersion(await sidecars.stats(entry.pod, versionFilter)),
    })),
  );
}

const hasSidecar = (labels: Readonly<Record<string, string>>): boolean =>
  labels["security.istio.io/tlsMode"] === "istio" || labels.istio === "ingressgateway";

/** Whether an object of a rule changes the configuration of a pod's sidecar. */
export function concerns(object: RuleObject, pod: Pick<Pod, "namespace" | "labels">): boolean {
  if (object.selector !== undefined && object.kind !== "Gateway")
    return (
      object.namespace === pod.namespace &&
      Object.entries(object.selector).every(([key, value]) => pod.labels[key] === value)
    );
  // Routes and clusters are everybody's; the ingress has those of the services' namespace too.
  const isIngress = pod.labels.istio === "ingressgateway";
  if (object.kind === "VirtualService" || object.kind === "DestinationRule") return !isIngress;
  if (object.kind === "Gateway") return isIngress;
  return istioKinds.has(object.kind) && object.namespace === pod.namespace;
}

const istioKinds = new Set([
  "AuthorizationPolicy",
  "EnvoyFilter",
  "PeerAuthentication",
  "RequestAuthentication",
  "Telemetry",
]);
