import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import { type ServiceName } from "../../lib/events";
import { requestLocal } from "../../lib/local-http";
import { type ExitCode, Failure } from "../run/failure";
import { type ActiveFault, type FaultStatus } from "../target/fault-control";
import { type Replica, type SidecarStats, type Stranger } from "../target/target";
import { type Disturbance, type Evidence } from "./disturb/disturbance";

/** A rule and the name that it is shown by: a path from the repository's root, or a word. */
export type RuleText = { path: string; text: string };

export type RuleObjectStatus = { file: string; line: number; kind: string; name: string; effect: string };
export type MeshStatus = {
  /** The files in force, those of mesh/base first. */
  files: string[];
  objects: RuleObjectStatus[];
  /** What is wrong with the files as they are on the disk; the last good ones are in force. */
  problem: string | undefined;
  sidecars: { name: string; status: string; certificateEnds: string | undefined; admin: string }[];
};
export type RuleDiff = { sidecar: string; resource: string; change: "new" | "gone" | "changed" }[];

/** One step of an experiment: `id` is the experiment's, `step` that of something it did. */
export type StepOf = { id: string; step: number };

/** What the process that runs a mesh does for others: the commands and the tests. */
export type Control = {
  meshStatus(): Promise<MeshStatus>;
  applyRule(rule: RuleText): Promise<{ changed: string[] }>;
  removeRule(rule: RuleText): Promise<{ changed: string[] }>;
  diffRule(rule: RuleText): Promise<RuleDiff>;
  reloadRules(): Promise<{ changed: string[] }>;
  activeFaults(): Promise<ActiveFault[]>;
  applyFault(fault: { name: string; forMs: number }): Promise<{ replica: string | undefined; until: string }>;
  clearFault(fault: { name: string }): Promise<void>;
  faultStatus(question: { name?: string; sampleMs?: number }): Promise<FaultStatus[]>;
  stats(question: { workload: string; filter?: string }): Promise<SidecarStats[]>;
  replicas(question: { workload: string }): Promise<Replica[]>;
  kill(replica: { name: string }): Promise<void>;
  scale(order: { service: ServiceName; replicas: number }): Promise<void>;
  label(order: { name: string; key: string; value?: string }): Promise<void>;
  startStranger(stranger: Stranger): Promise<void>;
  stopStranger(order: { name: string }): Promise<void>;
  /** Nobody else may experiment until `endExperiment`, or until `renewExperiment` has not come for `leaseMs`. */
  beginExperiment(order: { title: string; leaseMs: number }): Promise<{ id: string }>;
  renewExperiment(order: { id: string }): Promise<void>;
  disturb(order: { id: string; disturbance: Disturbance }): Promise<{ step: number; detail: string }>;
  observe(question: StepOf): Promise<Evidence>;
  heal(order: StepOf): Promise<void>;
  /** Heals what is still in force, the last first. */
  endExperiment(order: { id: string }): Promise<{ healed: string[] }>;
  /** The loopback address at which a caller reaches `service:port`. */
  route(question: { caller: string; replica?: string; to: string }): Promise<{ to: string }>;
};

/** The longest is to start replicas. */
const limitMs = 200_000;
const maxBody = 4 * 1024 * 1024;

type Reply = {
  result?: unknown;
  error?: { code: string; message: string; fix?: string; exitCode: ExitCode };
};

/** Serves the commands at a Unix domain socket, which only its owner's processes can open. */
export async function serveControl(path: string, control: Control): Promise<Server> {
  const server = createServer((request, response) => {
    answer(control, request).then(
      (result) => {
        send(response, 200, { result });
      },
      (error: unknown) => {
        const failure = error instanceof Failure ? error : new Failure("internal", describe(error));
        const { code, message, fix, exitCode } = failure;
        send(response, 409, { error: { code, message, exitCode, ...(fix !== undefined && { fix }) } });
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(path, resolve);
  });
  return server;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function send(response: ServerResponse, status: number, reply: Reply): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(reply));
}

async function answer(control: Control, request: IncomingMessage): Promise<unknown> {
  const name = (request.url ?? "").slice(1);
  if (request.method !== "POST" || !Object.hasOwn(control, name))
    throw new Failure("control.unknown", `there is no command ${name}`);
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > maxBody) throw new Failure("control.too_long", "a rule is larger than 4 MB");
  }
  const command = control[name as keyof Control] as (argument: unknown) => Promise<unknown>;
  return command(text === "" ? undefined : JSON.parse(text));
}

/** The commands of a running mesh, at the socket that its state file names. */
export function connectControl(path: string): Control {
  const call = async (name: string, argument: unknown): Promise<unknown> => {
    const options = { method: "POST", timeoutMs: limitMs, body: argument ?? {} };
    const { body } = await requestLocal({ pipe: path }, `/${name}`, options).catch((error: unknown) => {
      throw new Failure("run.no_answer", "the running system does not answer", {
        fix: "see ./symphony status",
        cause: error,
      });
    });
    const reply = JSON.parse(body) as Reply;
    if (reply.error === undefined) return reply.result;
    const { code, message, ...rest } = reply.error;
    throw new Failure(code, message, rest);
  };
  return new Proxy({} as Control, {
    get: (_target, name) => (argument: unknown) => call(String(name), argument),
  });
}
