import { randomUUID } from "node:crypto";

import { z } from "zod";

import { type Disturbance } from "../mesh/disturb/disturbance";
import { environmentFailure, Failure } from "../run/failure";
import { type Kubectl, namespaces } from "../target/kubectl";
import { podsOf } from "../target/pods";
import { type LeftOver } from "./kube-disturb";

const name = "symphony-experiment";
const namespace = namespaces.services;

const content = z.object({
  id: z.string(),
  title: z.string(),
  renewedAt: z.iso.datetime(),
  leaseMs: z.number(),
  steps: z.record(
    z.string(),
    z.object({ disturbance: z.custom<Disturbance>(), replicas: z.number().optional() }),
  ),
});
type Content = z.infer<typeof content>;
const configMap = z.looseObject({ data: z.object({ experiment: z.string() }) });

/**
 * A ConfigMap says that an experiment runs, and what it has broken. Nobody heals a cluster by itself when the experiment
 * dies: the next one does, once the lease is over.
 */
export type KubeLease = {
  /** Refuses while another experiment runs. Returns what one that died left in force, the last first. */
  take(title: string, leaseMs: number): Promise<LeftOver[]>;
  renew(): Promise<void>;
  remember(step: number, disturbance: Disturbance): Promise<void>;
  forget(step: number): Promise<void>;
  give(): Promise<void>;
};

export function openKubeLease(kubectl: Kubectl, now: () => number = Date.now): KubeLease {
  let own: Content | undefined;
  const object = (data: Content): string =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace },
      data: { experiment: JSON.stringify(data) },
    });

  async function read(): Promise<Content | undefined> {
    const text = await kubectl.run([
      "get",
      "configmap",
      "-n",
      namespace,
      name,
      "--ignore-not-found",
      "-o",
      "json",
    ]);
    if (text.trim() === "") return undefined;
    return content.parse(JSON.parse(configMap.parse(JSON.parse(text)).data.experiment));
  }

  async function write(change: (current: Content) => Content): Promise<void> {
    if (own === undefined)
      throw new Failure("experiment.lease", "the experiment has no lease on the cluster");
    own = { ...change(own), renewedAt: new Date(now()).toISOString() };
    await kubectl.run(["apply", "-f", "-"], object(own));
  }

  return {
    async take(title, leaseMs) {
      const found = await read();
      if (found !== undefined && now() - Date.parse(found.renewedAt) < found.leaseMs)
        throw environmentFailure(
          "experiment.running",
          `the experiment "${found.title}" is running on this cluster`,
          "wait for its end: two at once would measure each other",
        );
      if (found !== undefined)
        await kubectl.run(["delete", "configmap", "-n", namespace, name, "--ignore-not-found"]);
      own = { id: randomUUID(), title, leaseMs, renewedAt: new Date(now()).toISOString(), steps: {} };
      // `create` fails where it exists: of two that start at the same time, one wins.
      await kubectl.run(["create", "-f", "-"], object(own));
      return Object.entries(found?.steps ?? {})
        .sort(([a], [b]) => Number(b) - Number(a))
        .map(([, { disturbance, replicas }]) => ({
          disturbance,
          ...(replicas !== undefined && { replicas }),
        }));
    },
    renew: () => write((current) => current),
    async remember(step, disturbance) {
      const service =
        disturbance.kind === "scale"
          ? disturbance.service
          : disturbance.kind === "hold"
            ? disturbance.victim
            : undefined;
      const replicas = service === undefined ? undefined : (await podsOf(kubectl, service)).length;
      const entry = { disturbance, ...(replicas !== undefined && { replicas }) };
      await write((current) => ({ ...current, steps: { ...current.steps, [step]: entry } }));
    },
    forget: (step) =>
      write(({ steps: { [step]: _healed, ...steps }, ...current }) => ({ ...current, steps })),
    async give() {
      own = undefined;
      await kubectl.run(["delete", "configmap", "-n", namespace, name, "--ignore-not-found"]);
    },
  };
}
