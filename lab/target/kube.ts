import { stringify } from "yaml";

import { environmentFailure, Failure } from "../run/failure";
import { type Caller, startCallerInPod } from "./caller";
import { createForwards } from "./forward";
import { ingressUrl } from "./ingress";
import { keep } from "./kept";
import { type Kubectl, namespaces, openKubectl } from "./kubectl";
import { type Pod, podsOf } from "./pods";
import { parseRule, readRule, withNamespace } from "./rules";
import { createSidecars, watchRules } from "./sidecars";
import { strangerObjects } from "./stranger";
import { type MeshTarget, type Replica } from "./target";

const scaleLimitMs = 180_000;
const namespace = namespaces.services;

/** The Symphony of kubectl's current context. */
export async function openKubeTarget(options: { kubectl?: Kubectl } = {}): Promise<MeshTarget> {
  const kubectl = options.kubectl ?? (await openKubectl());
  const sidecars = createSidecars(kubectl);
  const forwards = createForwards(kubectl);
  const callers = createCallers(kubectl);

  async function change(verb: "apply" | "delete", text: string): Promise<void> {
    const watching = await watchRules(kubectl, sidecars, parseRule(text, namespace));
    const flags = verb === "delete" ? ["--ignore-not-found", "--wait=true"] : [];
    const output = await kubectl.run([verb, ...flags, "-f", "-"], withNamespace(text, namespace));
    const changed = output.split("\n").some((line) => / (created|configured|deleted)|" deleted/.test(line));
    if (changed) await watching.arrived();
  }

  return {
    kind: "kube",
    apply: async (rule) => change("apply", await readRule(rule)),
    remove: async (rule) => change("delete", await readRule(rule)),
    call: (caller, call, how = {}) => callers.of(caller, how.replica).then((found) => found.call(call, how)),
    async stats(workload, filter) {
      const pods = (await podsOf(kubectl, workload)).filter(({ ready }) => ready);
      return Promise.all(
        pods.map(async (pod) => {
          const { values } = await sidecars.stats(pod, filter?.source);
          return { replica: pod.name, values };
        }),
      );
    },
    replicas: (workload) => podsOf(kubectl, workload),
    async kill({ name }) {
      await kubectl.run([
        "delete",
        "pod",
        "-n",
        namespace,
        name,
        "--grace-period=0",
        "--force",
        "--wait=false",
      ]);
    },
    async scale(service, replicas) {
      await kubectl.run([
        "scale",
        "-n",
        namespace,
        `deployment/${service}`,
        `--replicas=${String(replicas)}`,
      ]);
      await untilScaled(kubectl, service, replicas);
    },
    async label({ name }, key, value) {
      const change = value === undefined ? `${key}-` : `${key}=${value}`;
      await kubectl.run(["label", "pod", "-n", namespace, name, "--overwrite", change]);
    },
    async startStranger(stranger) {
      const [model] = await podsOf(kubectl, "order");
      if (model?.image === undefined)
        throw environmentFailure(
          "kube.no_symphony",
          "no order service runs whose image a stranger could use",
          "see ./symphony --target kube status",
        );
      const text = strangerObjects(stranger, model.image)
        .map((object) => stringify(object))
        .join("---\n");
      await kubectl.run(["apply", "-n", namespace, "-f", "-"], text);
      await kubectl.run([
        "wait",
        "-n",
        namespace,
        `pod/${stranger.name}`,
        "--for=condition=Ready",
        "--timeout=90s",
      ]);
    },
    async stopStranger(name) {
      callers.forget(name);
      const label = `symphony.dev/stranger=${name}`;
      const kinds = "pod,serviceaccount,networkpolicy";
      await kubectl.run(["delete", kinds, "-n", namespace, "-l", label, "--ignore-not-found", "--wait=true"]);
    },
    ingressUrl: () => ingressUrl(kubectl, forwards),
    close() {
      callers.close();
      sidecars.close();
      forwards.close();
      return Promise.resolve();
    },
  };
}

type Callers = {
  of(name: string, replica?: string): Promise<Caller>;
  forget(name: string): void;
  close(): void;
};

function createCallers(kubectl: Kubectl): Callers {
  const kept = keep<Caller>();
  async function open(name: string, replica?: string): Promise<Caller> {
    const pods = await podsOf(kubectl, name);
    const pod = pods.find((entry) => entry.ready && (replica === undefined || entry.name === replica));
    if (pod === undefined)
      throw new Failure("call.no_caller", `no ready pod of ${replica ?? name} can make calls`, {
        fix: "see ./symphony --target kube status",
      });
    return startCallerInPod(kubectl, { namespace, pod: pod.name, container: pod.container });
  }
  return {
    of: (name, replica) => kept.get(`${name} ${replica ?? ""}`, () => open(name, replica)),
    forget: (name) => {
      kept.stop((key) => key.startsWith(`${name} `));
    },
    close: () => {
      kept.stop();
    },
  };
}

async function untilScaled(kubectl: Kubectl, service: string, replicas: number): Promise<void> {
  const deadline = Date.now() + scaleLimitMs;
  for (;;) {
    const pods: Pod[] = await podsOf(kubectl, service);
    if (pods.length === replicas && pods.every(({ ready }) => ready)) return;
    if (Date.now() > deadline) {
      const states = pods.map((pod) => `${pod.name} ${describe(pod)}`).join(", ");
      throw new Failure(
        "scale.unfinished",
        `${service} has not become ${String(replicas)} replicas: ${states}`,
        {
          fix: `see kubectl describe deployment -n ${namespace} ${service}`,
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const describe = (pod: Pod & Replica): string => (pod.ready ? "ready" : (pod.waitingFor ?? "not ready"));
