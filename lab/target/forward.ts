import { environmentFailure } from "../run/failure";
import { keep } from "./kept";
import { explain, type Kubectl } from "./kubectl";

export type ForwardOptions = {
  namespace: string;
  /** `pod/order-1`, `service/nats`. */
  resource: string;
  /** Of the pod or Service. */
  port: number;
};
export type Forward = {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Whether kubectl has given up, as it does when the pod is gone. */
  readonly ended: boolean;
  stop(): void;
};

/** Opens a port of this machine that leads into a pod, behind its sidecar. */
export async function forward(kubectl: Kubectl, options: ForwardOptions): Promise<Forward> {
  const { namespace, resource, port } = options;
  const child = kubectl.start([
    "port-forward",
    "--namespace",
    namespace,
    "--address",
    "127.0.0.1",
    resource,
    `:${String(port)}`,
  ]);
  let output = "";
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => (problem = (problem + chunk.toString()).slice(-4096)));
  const local = await new Promise<number>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-4096);
      const found = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(output);
      if (found !== null) resolve(Number(found[1]));
    });
    child.once("error", reject);
    child.once("exit", () => {
      reject(
        /not found|NotFound/.test(problem)
          ? environmentFailure(
              "kube.missing",
              `${resource} does not exist in namespace ${namespace}`,
              "see ./symphony --target kube status",
            )
          : explain(problem),
      );
    });
  });
  return {
    port: local,
    get ended() {
      return child.exitCode !== null || child.signalCode !== null;
    },
    stop: () => void child.kill("SIGTERM"),
  };
}

/** Forwards that are opened once each, opened again where they ended, and closed together. */
export type Forwards = { open(options: ForwardOptions): Promise<number>; close(): void };

/** A place to keep forwards. */
export function createForwards(kubectl: Kubectl): Forwards {
  const kept = keep<Forward>();
  return {
    async open(options) {
      const name = `${options.namespace} ${options.resource} ${String(options.port)}`;
      return (await kept.get(name, () => forward(kubectl, options))).port;
    },
    close: () => {
      kept.stop();
    },
  };
}
