import { randomUUID } from "node:crypto";

import { z } from "zod";

import { type Disturbance } from "../mesh/disturb/disturbance";
import { environmentFailure, Failure } from "../run/failure";
import { type Kubectl, namespaces } from "../target/kubectl";
import { type LeftOver } from "./kube-left-over";

const name = "symphony-experiment";
const namespace = namespaces.services;

const content = z.object({
  id: z.string(),
  title: z.string(),
  renewedAt: z.iso.datetime(),
  leaseMs: z.number(),
  steps: z.record(
    z.string(),
    z.object({
      disturbance: z.custom<Disturbance>(),
      replicas: z.number().optional(),
      covered: z.string().optional(),
    }),
  ),
});
type Content = z.infer<typeof content>;
const configMap = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().optional() }),
  data: z.object({ experiment: z.string() }),
});

/** A step of an experiment, by its number. */
export type KnownStep = { step: number; left: LeftOver };

/**
 * A ConfigMap says that an experiment runs, and what it has broken. Nobody heals a cluster by itself when the experiment
 * dies: the next one does, once the lease is over.
 */
export type KubeLease = {
  /**
   * Refuses while another experiment runs. Returns what one that died left in force, the last first; it stays written
   * down until `forget`.
   */
  take(title: string, leaseMs: number): Promise<KnownStep[]>;
  renew(): Promise<void>;
  remember(step: number, left: LeftOver): Promise<void>;
  forget(step: number): Promise<void>;
  give(): Promise<void>;
};

export function openKubeLease(kubectl: Kubectl, now: () => number = Date.now): KubeLease {
  let own: Content | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const object = (data: Content, resourceVersion?: string): string =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace, resourceVersion },
      data: { experiment: JSON.stringify(data) },
    });

  /** One after the other: an older text that arrived later would undo a newer one. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  async function read(): Promise<{ data: Content; version: string | undefined } | undefined> {
    const command = ["get", "configmap", "-n", namespace, name, "--ignore-not-found", "-o", "json"];
    const text = await kubectl.run(command);
    if (text.trim() === "") return undefined;
    const { metadata, data } = configMap.parse(JSON.parse(text));
    return { data: content.parse(JSON.parse(data.experiment)), version: metadata.resourceVersion };
  }

  const write = (change: (current: Content) => Content): Promise<void> =>
    inTurn(async () => {
      if (own === undefined)
        throw new Failure("experiment.lease", "the experiment has no lease on the cluster");
      own = { ...change(own), renewedAt: new Date(now()).toISOString() };
      await kubectl.run(["apply", "-f", "-"], object(own));
    });

  return {
    take: (title, leaseMs) =>
      inTurn(async () => {
        const found = await read();
        if (found !== undefined && now() - Date.parse(found.data.renewedAt) < found.data.leaseMs)
          throw environmentFailure(
            "experiment.running",
            `the experiment "${found.data.title}" is running on this cluster`,
            "wait for its end: two at once would measure each other",
          );
        const steps = found?.data.steps ?? {};
        const taken = { id: randomUUID(), title, leaseMs, renewedAt: new Date(now()).toISOString(), steps };
        // Of two that start at the same time one wins: `create` fails where it exists, `replace` where it has changed.
        await kubectl.run(
          [found === undefined ? "create" : "replace", "-f", "-"],
          object(taken, found?.version),
        );
        own = taken;
        return Object.entries(steps)
          .map(([step, { disturbance, replicas, covered }]) => ({
            step: Number(step),
            left: {
              disturbance,
              ...(replicas !== undefined && { replicas }),
              ...(covered !== undefined && { covered }),
            },
          }))
          .sort((a, b) => b.step - a.step);
      }),
    renew: () => write((current) => current),
    remember: (step, left) => write((current) => ({ ...current, steps: { ...current.steps, [step]: left } })),
    forget: (step) =>
      write(({ steps: { [step]: _healed, ...steps }, ...current }) => ({ ...current, steps })),
    give: () =>
      inTurn(async () => {
        own = undefined;
        await kubectl.run(["delete", "configmap", "-n", namespace, name, "--ignore-not-found"]);
      }),
  };
}
