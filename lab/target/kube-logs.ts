import { createInterface } from "node:readline";

import { Failure } from "../run/failure";
import { type LogLine, parseLogLine } from "../run/log-files";
import { type Kubectl, namespaces } from "./kubectl";
import { nameLabel, type Pod, podsWith } from "./pods";

export type KubeLogEntry = { line: LogLine; raw: string; source: string };
export type KubeLogOptions = {
  /** Only of this workload. */
  service: string | undefined;
  /** How many of the last lines, over all pods. */
  lines: number;
  follow: boolean;
};

const batchMs = 250;
/** How long the last lines of all pods may take to come, before what follows is shown as it comes. */
const firstBatchMs = 1500;
const lookForPodsMs = 3000;
const spaces = [namespaces.services, namespaces.platform];

/** Hands over the last lines of all pods in batches, then, where `follow` is set, what comes, for ever. */
export async function readKubeLogs(
  kubectl: Kubectl,
  options: KubeLogOptions,
  show: (entries: KubeLogEntry[]) => void,
): Promise<void> {
  const pods = await findPods(kubectl, options.service);
  const collector = new Collector(pods);
  const tail = `--tail=${String(options.lines)}`;
  const groups = spaces.filter((namespace) => pods.some((pod) => pod.namespace === namespace));
  if (!options.follow) {
    const outputs = await Promise.all(
      groups.map((namespace) => kubectl.run(["logs", ...selection(namespace, options.service), tail])),
    );
    for (const output of outputs) output.split("\n").forEach((line) => collector.add(line));
    show(collector.last(options.lines));
    return;
  }
  const seen = new Set(pods.map(life));
  for (const namespace of groups)
    followLines(kubectl, [...selection(namespace, options.service), tail, "--follow"], collector);
  await pause(firstBatchMs);
  show(collector.last(options.lines));
  let nextLook = Date.now() + lookForPodsMs;
  for (;;) {
    await pause(batchMs);
    show(collector.take());
    if (Date.now() < nextLook) continue;
    nextLook = Date.now() + lookForPodsMs;
    const now = await findPods(kubectl, options.service).catch(() => []);
    collector.know(now);
    // kubectl follows the containers that it found at first, and no others.
    for (const pod of now.filter((entry) => !seen.has(life(entry)) && entry.phase === "Running")) {
      seen.add(life(pod));
      followLines(
        kubectl,
        ["-n", pod.namespace, pod.name, "-c", pod.container, "--prefix", "--follow"],
        collector,
      );
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A container that restarts begins a new log. */
const life = ({ name, restarts }: Pod): string => `${name} ${String(restarts)}`;

function selection(namespace: string, service: string | undefined): string[] {
  const part = "app.kubernetes.io/part-of=symphony";
  const selector = service === undefined ? part : `${part},${nameLabel}=${service}`;
  return ["-n", namespace, "-l", selector, "--prefix", "--ignore-errors", "--max-log-requests=100"];
}

async function findPods(kubectl: Kubectl, service: string | undefined): Promise<Pod[]> {
  const all = (await Promise.all(spaces.map((namespace) => podsWith(kubectl, namespace)))).flat();
  const found = all.filter(({ workload }) => service === undefined || workload === service);
  if (found.length > 0) return found;
  const known = [...new Set(all.map(({ workload }) => workload))].sort().join(", ");
  throw new Failure(
    "logs.unknown",
    service === undefined ? "there are no pods" : `there is no pod of ${service}`,
    {
      fix: known === "" ? "install Symphony with skaffold run" : `choose one of ${known}`,
    },
  );
}

function followLines(kubectl: Kubectl, args: string[], collector: Collector): void {
  const child = kubectl.start(["logs", ...args]);
  child.stdin.end();
  child.stderr.resume();
  createInterface({ input: child.stdout }).on("line", (line) => collector.add(line));
}

// What --prefix puts in front: the pod and the container.
const prefixed = /^\[pod\/([^/]+)\/([^\]]+)\] (.*)$/;

/** Takes lines of all pods as they come. A line without a time belongs to the one before of the same pod. */
export class Collector {
  private entries: KubeLogEntry[] = [];
  private readonly times = new Map<string, string>();
  private readonly pods = new Map<string, string>();

  constructor(pods: readonly Pick<Pod, "name" | "workload">[]) {
    this.know(pods);
  }

  know(pods: readonly Pick<Pod, "name" | "workload">[]): void {
    for (const { name, workload } of pods) this.pods.set(name, workload);
  }

  add(text: string): void {
    const [, pod = "", container = "", raw = ""] = prefixed.exec(text) ?? [];
    if (raw.trim() === "") return;
    const source = this.sourceOf(pod, container);
    const line = parseLogLine(raw, source);
    const time = line.time === "" ? (this.times.get(pod) ?? "") : line.time;
    this.times.set(pod, time);
    this.entries.push({ line: { ...line, time }, raw, source });
  }

  /** The workload's name; with the end of the pod's where it has several. */
  private sourceOf(pod: string, container: string): string {
    const workload = this.pods.get(pod) ?? container;
    const several = [...this.pods].filter(([, name]) => name === workload).length > 1;
    return several ? `${workload}-${pod.split("-").at(-1) ?? ""}` : workload;
  }

  take(): KubeLogEntry[] {
    const taken = this.entries;
    this.entries = [];
    return taken;
  }

  /** All that came, but the newest `count` at most. */
  last(count: number): KubeLogEntry[] {
    const sorted = this.take().sort((a, b) =>
      a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0,
    );
    return sorted.slice(sorted.length - Math.min(count, sorted.length));
  }
}
