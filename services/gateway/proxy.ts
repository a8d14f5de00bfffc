import { Agent, type ClientRequest, type IncomingMessage } from "node:http";

import type { NextFunction, Request, RequestHandler, Response } from "express";
import { createProxyMiddleware } from "http-proxy-middleware";

import { AppError } from "../../lib/errors";
import { PROBLEM_TYPE } from "../../lib/problem";
import { recordCallStatus, type RequestSpan, startCallSpan } from "../../lib/request-span";
import { failSpan, injectTrace } from "../../lib/telemetry";
import { responseHeaders } from "./headers";

/** One request under way to a service. */
type Exchange = {
  fail: NextFunction;
  answered: boolean;
  deadline: NodeJS.Timeout;
  span: RequestSpan["span"];
  upstream?: ClientRequest;
  lateness?: AppError;
};

/** Shorter than the 5 s after which a server at node's defaults closes an idle connection. */
const idleSocketMs = 4_000;

/** Connections to the services, kept open; how many is limited by the mesh. */
export function createAgent(): Agent {
  return new Agent({ keepAlive: true, timeout: idleSocketMs });
}

function isEventStream({ headers }: IncomingMessage): boolean {
  return headers["content-type"]?.startsWith("text/event-stream") ?? false;
}

/** A sidecar's own 502, 503 or 504 is plain text: the client gets the problem document instead. */
function meshError(service: string, { statusCode = 0, headers }: IncomingMessage): AppError | undefined {
  const type = headers["content-type"] ?? "";
  if (statusCode < 502 || statusCode > 504 || type.startsWith(PROBLEM_TYPE)) return undefined;
  return statusCode === 504
    ? new AppError("peer.timeout", `${service} did not answer in time`)
    : new AppError("peer.unavailable", `${service} is not available`);
}

/**
 * Passes requests on to a service, body and answer unbuffered. `response.locals.upstreamPath` is the path and
 * query to ask for; the request's headers are sent as they are. Fails with `peer.unavailable`, or with
 * `peer.timeout` where the whole answer takes longer than `deadlineMs` (for an event stream: its beginning).
 */
export function createServiceProxy(options: {
  service: string;
  url: string;
  deadlineMs: number;
  agent: Agent;
}): RequestHandler {
  const { service, deadlineMs, agent } = options;
  const { protocol, hostname, host, port } = new URL(options.url);
  const exchanges = new WeakMap<Request, Exchange>();

  function onError(error: Error, request: Request): void {
    const exchange = exchanges.get(request);
    if (!exchange || exchange.answered) return;
    exchange.answered = true;
    const unavailable = new AppError("peer.unavailable", `${service} cannot be reached`, { cause: error });
    const failure = exchange.lateness ?? unavailable;
    failSpan(exchange.span, failure);
    exchange.fail(failure);
  }

  function onResponse(answer: IncomingMessage, request: Request, response: Response): void {
    const exchange = exchanges.get(request);
    if (!exchange || exchange.answered) {
      answer.destroy();
      return;
    }
    exchange.answered = true;
    recordCallStatus(exchange.span, answer.statusCode ?? 0);
    const error = meshError(service, answer);
    if (error) {
      answer.resume();
      exchange.fail(error);
      return;
    }
    response.status(answer.statusCode ?? 502);
    const { vary, ...headers } = responseHeaders(answer.headers);
    if (vary !== undefined) response.vary(String(vary));
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (isEventStream(answer)) {
      clearTimeout(exchange.deadline);
      // the first event may be long in coming
      response.flushHeaders();
    }
    // an answer that breaks off breaks ours off too; stream.pipeline would add more listeners than node likes
    answer.once("error", () => response.destroy());
    answer.pipe(response);
  }

  const proxy = createProxyMiddleware<Request, Response>({
    target: { protocol, hostname: hostname.replace(/^\[|\]$/g, ""), host, port },
    agent,
    changeOrigin: true,
    // the path goes out as it stands, neither parsed nor joined
    toProxy: true,
    prependPath: false,
    // its own way of answering keeps hop-by-hop headers
    selfHandleResponse: true,
    pathRewrite: (_path, request) => request.res?.locals["upstreamPath"] as string,
    // in place of the usual plugins, which answer errors themselves
    ejectPlugins: true,
    plugins: [
      (server) => {
        server.on("proxyReq", (upstream, request) => {
          const exchange = exchanges.get(request);
          if (exchange) exchange.upstream = upstream;
        });
        server.on("proxyRes", onResponse);
        server.on("error", onError);
        server.on("econnreset", onError);
      },
    ],
  });

  return (request, response, next) => {
    const template = String(response.locals["route"]).replace(/^\/api/, "");
    const { span, active } = startCallSpan(request.method, service, template);
    injectTrace(request.headers as Record<string, string>, active);
    const exchange: Exchange = {
      fail: next,
      answered: false,
      span,
      deadline: setTimeout(() => {
        exchange.lateness = new AppError("peer.timeout", `${service} did not answer within ${deadlineMs} ms`);
        exchange.upstream?.destroy(exchange.lateness);
      }, deadlineMs),
    };
    exchanges.set(request, exchange);
    response.once("close", () => {
      clearTimeout(exchange.deadline);
      span.end();
      if (!response.writableFinished) exchange.upstream?.destroy();
    });
    response.setHeader("X-Service", service);
    void proxy(request, response, next);
  };
}
