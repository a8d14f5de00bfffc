import type * as Crypto from "node:crypto";
import type * as Http from "node:http";
import type * as Readline from "node:readline";

import type * as Grpc from "@grpc/grpc-js";
import type * as ProtoLoader from "@grpc/proto-loader";

import { type Call, type CallOptions, type CallResult } from "./target";

export type CallerRequest = {
  id: number;
  call: Call;
  options: Required<Pick<CallOptions, "count" | "concurrency">> & { rate?: number };
};
export type CallerReply = { id: number; results?: CallResult[]; error?: string };

/**
 * The program that calls from within a service's container, sent there as text: it may use nothing but its
 * argument, the `require` of the container's Node. Requests and replies are JSON lines; it ends with its input.
 */
function callerProgram(require: NodeJS.Require): void {
  const http = require("node:http") as typeof Http;
  const readline = require("node:readline") as typeof Readline;
  const { randomUUID } = require("node:crypto") as typeof Crypto;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 512 });
  const longest = 4096;
  type HttpCall = Extract<Call, { rpc?: undefined }>;
  type RpcCall = Extract<Call, { rpc: string }>;
  type Unary = (
    message: unknown,
    metadata: unknown,
    options: { deadline: Date },
    answer: (error: { code: number; details: string } | null, reply: unknown) => void,
  ) => void;

  const fill = <T>(value: T, uuid: string): T =>
    JSON.parse(JSON.stringify(value).replaceAll("{{uuid}}", uuid)) as T;

  function callHttp(call: HttpCall): Promise<CallResult> {
    const [host = "", port = "80"] = call.to.split(":");
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const end = (result: Partial<CallResult>): void => {
        const ms = Math.round((performance.now() - startedAt) * 10) / 10;
        resolve({ status: 0, ms, headers: {}, body: "", ...result });
      };
      const request = http.request({
        agent,
        host,
        port: Number(port),
        method: call.method ?? "GET",
        path: call.path,
        headers: {
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
          ...call.headers,
        },
      });
      const timer = setTimeout(() => request.destroy(new Error("timeout")), call.timeoutMs ?? 10_000);
      request.once("error", (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        end({ error: error.code ?? error.message });
      });
      request.once("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (text.length < longest) text += chunk;
        });
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
        const settle = (error?: string): void => {
          clearTimeout(timer);
          const status = error === undefined ? (response.statusCode ?? 0) : 0;
          end({ status, headers, body: text.slice(0, longest), ...(error !== undefined && { error }) });
        };
        response.once("end", () => settle());
        response.once("error", (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
      });
      request.end(body);
    });
  }

  const clients = new Map<string, Record<string, Unary>>();

  function clientOf(to: string, service: string): Record<string, Unary> {
    const known = clients.get(`${to} ${service}`);
    if (known !== undefined) return known;
    const grpc = require("@grpc/grpc-js") as typeof Grpc;
    const loader = require("@grpc/proto-loader") as typeof ProtoLoader;
    const [, word = "", version = ""] = service.split(".");
    const definition = loader.loadSync(`symphony/${word}/${version}/${word}.proto`, {
      includeDirs: ["proto"],
      keepCase: true,
      longs: Number,
      defaults: true,
    })[service] as Grpc.ServiceDefinition;
    const Client = grpc.makeClientConstructor(definition, service);
    const client = new Client(`dns:///${to}`, grpc.credentials.createInsecure(), {
      "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    }) as unknown as Record<string, Unary>;
    clients.set(`${to} ${service}`, client);
    return client;
  }

  function callRpc(call: RpcCall): Promise<CallResult> {
    const grpc = require("@grpc/grpc-js") as typeof Grpc;
    const [service = "", method = ""] = call.rpc.split("/");
    const metadata = new grpc.Metadata();
    for (const [name, value] of Object.entries(call.headers ?? {})) metadata.set(name, value);
    const client = clientOf(call.to, service);
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const options = { deadline: new Date(Date.now() + (call.timeoutMs ?? 10_000)) };
      client[method]?.(call.message ?? {}, metadata, options, (error, reply) => {
        resolve({
          status: error === null ? 0 : error.code,
          ms: Math.round((performance.now() - startedAt) * 10) / 10,
          headers: {},
          body: error === null ? JSON.stringify(reply).slice(0, longest) : "",
          ...(error !== null && { error: error.details }),
        });
      });
    });
  }

  const callOnce = (template: Call): Promise<CallResult> => {
    const call = fill(template, randomUUID());
    return call.rpc === undefined ? callHttp(call) : callRpc(call);
  };

  async function batch({ call, options }: CallerRequest): Promise<CallResult[]> {
    const results: CallResult[] = [];
    const startedAt = performance.now();
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < options.count) {
        const index = next++;
        const due = options.rate === undefined ? 0 : (index * 1000) / options.rate;
        const wait = due - (performance.now() - startedAt);
        if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        results[index] = await callOnce(call);
      }
    };
    await Promise.all(Array.from({ length: Math.min(options.concurrency, options.count) }, work));
    return results;
  }

  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const request = JSON.parse(line) as CallerRequest;
    const reply = (rest: Omit<CallerReply, "id">): void => {
      process.stdout.write(`${JSON.stringify({ id: request.id, ...rest })}\n`);
    };
    batch(request).then(
      (results) => reply({ results }),
      (error: unknown) => reply({ error: String(error) }),
    );
  });
  process.stdin.once("end", () => process.exit());
}

/** For `node -e`. */
export const callerProgramText = `(${callerProgram.toString()})(require)`;
