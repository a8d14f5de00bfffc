import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

import { environmentFailure, exitCodes, Failure } from "../run/failure";

export const namespaces = {
  services: "symphony",
  platform: "symphony-platform",
  istio: "istio-system",
} as const;

/**
 * The cluster through the `kubectl` program rather than a client library: it brings the user's contexts, log-in
 * plugins and proxies with it, and port forwarding and exec that the library leaves to its user.
 */
export type Kubectl = {
  /** Every command names it, so that a switch of contexts meanwhile changes nothing. */
  readonly context: string;
  /** Its standard output. Rejects with a `Failure` that says what kubectl says. */
  run(args: readonly string[], input?: string): Promise<string>;
  /** The output parsed, for `-o json` and raw paths. */
  json(args: readonly string[]): Promise<unknown>;
  /** A process that stays, such as exec or port-forward; it ends with this one. */
  start(args: readonly string[]): ChildProcessWithoutNullStreams;
};

const children = new Set<ChildProcessWithoutNullStreams>();

function endChildren(): void {
  for (const child of children) child.kill("SIGKILL");
}

let watching = false;

/** However this process ends by itself, its children end with it. */
function watchEnd(): void {
  if (watching) return;
  watching = true;
  process.on("exit", endChildren);
  for (const [signal, number] of [
    ["SIGINT", 2],
    ["SIGTERM", 15],
    ["SIGHUP", 1],
  ] as const) {
    process.on(signal, () => {
      // Whoever else listens decides what a signal means, and may have something to take back first.
      if (process.listenerCount(signal) === 1) process.exit(128 + number);
    });
  }
}

function launch(args: readonly string[]): ChildProcessWithoutNullStreams {
  watchEnd();
  // In this process's group, so that whoever ends the group leaves nothing behind.
  const child = spawn("kubectl", args, { stdio: "pipe" });
  children.add(child);
  const forget = (): void => void children.delete(child);
  child.once("error", forget).once("exit", forget);
  // Whoever reads the other end may be gone before all is written.
  child.stdin.on("error", () => undefined);
  return child;
}

async function runOnce(args: readonly string[], input?: string): Promise<string> {
  const child = launch(args);
  const output: Buffer[] = [];
  let problem = "";
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => (problem += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  }).catch((error: unknown) => {
    throw environmentFailure(
      "kube.no_kubectl",
      "kubectl cannot be started",
      "install kubectl and put it on the PATH",
      error,
    );
  });
  if (code === 0) return Buffer.concat(output).toString("utf8");
  throw explain(problem);
}

/** Turns what kubectl complains of into a failure with its fix. */
export function explain(complaint: string): Failure {
  const text = complaint
    .trim()
    .split("\n")
    .filter((line) => !/^[EWI]\d{4} /.test(line))
    .join(" ")
    .replace(/^(error|Error from server \(\w+\)): /i, "");
  if (/current-context is not set|no context exists|does not exist/.test(complaint) && /context/.test(text))
    return environmentFailure(
      "kube.no_context",
      "kubectl has no current context",
      "choose one with kubectl config use-context, or set KUBECONFIG",
    );
  if (
    /was refused|no such host|i\/o timeout|deadline exceeded|no route to host|Unable to connect/.test(
      complaint,
    )
  )
    return environmentFailure(
      "kube.unreachable",
      "the cluster of the current context does not answer",
      "start it, or choose another with kubectl config use-context",
    );
  if (/Unauthorized|must be logged in|is forbidden/.test(complaint))
    return environmentFailure(
      "kube.forbidden",
      `the cluster refuses: ${text}`,
      "log in, or ask for the right",
    );
  if (/doesn't have a resource type|no matches for kind/.test(complaint))
    return environmentFailure(
      "kube.no_istio",
      "the cluster does not know Istio's resources",
      "install Istio, see docs/kubernetes.md",
    );
  return new Failure("kube.failed", text === "" ? "kubectl failed and does not say why" : `kubectl: ${text}`);
}

/** The current context, whatever is installed there. */
export async function currentContext(): Promise<Kubectl> {
  const context = (await runOnce(["config", "current-context"])).trim();
  const inContext = (args: readonly string[]): string[] => ["--context", context, ...args];
  return {
    context,
    run: (args, input) => runOnce(inContext(args), input),
    json: async (args) => JSON.parse(await runOnce(inContext(args))) as unknown,
    start: (args) => launch(inContext(args)),
  };
}

/** Opens the current context and makes sure that Symphony is installed there. */
export async function openKubectl(): Promise<Kubectl> {
  const kubectl = await currentContext();
  const { context } = kubectl;
  const wanted = Object.values(namespaces);
  const found = await kubectl.run(["get", "namespaces", ...wanted, "--ignore-not-found", "-o", "name"]);
  const missing = wanted.filter((name) => !found.split("\n").includes(`namespace/${name}`));
  if (missing.includes(namespaces.istio))
    throw environmentFailure(
      "kube.no_istio",
      `context ${context} has no Istio (namespace ${namespaces.istio})`,
      "install it, see docs/kubernetes.md",
    );
  if (missing.length > 0)
    throw environmentFailure(
      "kube.no_symphony",
      `Symphony is not installed in context ${context} (no namespace ${missing.join(", ")})`,
      "install it with skaffold run",
    );
  return kubectl;
}

/** Whether a context is somebody's own test cluster, which commands may change without asking. */
export function isTestContext(context: string): boolean {
  return context.startsWith("kind-");
}

/** The failure of a change to a context that nobody agreed to. */
export function refusedContext(context: string): Failure {
  return new Failure("kube.context", `context ${context} is not a kind cluster, so nothing was changed`, {
    fix: "give --yes if it is the right one, or choose another with kubectl config use-context",
    exitCode: exitCodes.usage,
  });
}
