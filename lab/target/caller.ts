import { type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

import { Failure } from "../run/failure";
import { callerProgramText, type CallerReply, type CallerRequest } from "./caller-program";
import { type Kubectl } from "./kubectl";
import { type Call, type CallOptions, type CallResult } from "./target";

/** A process inside a pod that makes calls; one for all calls of a replica, because starting it costs most. */
export type Caller = {
  call(call: Call, options: CallOptions): Promise<CallResult[]>;
  readonly ended: boolean;
  stop(): void;
};

type Waiting = { resolve(results: CallResult[]): void; reject(error: Error): void };

/** Starts the process in a container that has Node. It ends with its input, so also where this process dies. */
export function startCallerInPod(
  kubectl: Kubectl,
  { namespace, pod, container }: { namespace: string; pod: string; container: string },
): Caller {
  const child = kubectl.start([
    "exec",
    "--stdin",
    "--namespace",
    namespace,
    pod,
    "--container",
    container,
    "--",
    "node",
    "--max-old-space-size=64",
    "-e",
    callerProgramText,
  ]);
  return startCaller(child, pod);
}

/** Speaks with a process that runs the program of caller-program.ts; `name` says where in messages. */
export function startCaller(child: ChildProcessWithoutNullStreams, name: string): Caller {
  const waiting = new Map<number, Waiting>();
  let nextId = 0;
  let ended = false;
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => (problem = (problem + chunk.toString()).slice(-2000)));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = JSON.parse(line) as CallerReply;
    const found = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.results !== undefined) found?.resolve(reply.results);
    else found?.reject(new Failure("call.failed", `calls from ${name} failed: ${String(reply.error)}`));
  });
  const end = (): void => {
    ended = true;
    for (const { reject } of waiting.values())
      reject(new Failure("call.caller_gone", `the caller in ${name} is gone: ${problem.trim().slice(-300)}`));
    waiting.clear();
  };
  child.once("error", end).once("exit", end);
  return {
    get ended() {
      return ended;
    },
    call: (call, { count = 1, concurrency = 1, rate }) =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        const request: CallerRequest = {
          id,
          call,
          options: { count, concurrency, ...(rate !== undefined && { rate }) },
        };
        child.stdin.write(`${JSON.stringify(request)}\n`);
        if (ended) end();
      }),
    stop: () => {
      child.stdin.end();
      child.kill("SIGTERM");
    },
  };
}
