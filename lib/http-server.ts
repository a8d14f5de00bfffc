import { AsyncResource } from "node:async_hooks";

import { trace } from "@opentelemetry/api";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from "express";

import { challenge, type Identity, type TokenVerifier } from "./auth";
import { acceptCorrelationId, acceptFault, currentContext, faultHeader, runInContext } from "./context";
import { AppError, type FieldError } from "./errors";
import type { Log } from "./log";
import type { Metrics } from "./metrics";
import { describeApi } from "./openapi";
import { problem, PROBLEM_TYPE } from "./problem";
import { attemptHeader, endRequestSpan, resendCount, startRequestSpan } from "./request-span";
import type { Route } from "./route";
import { countDropped, ensureTrace, extractTrace, failSpan, runInTrace } from "./telemetry";
import { invalidRequest, validatePart } from "./validation";

/** A dependency as readiness sees it; one that is not required is reported and never makes a service unready. */
export type ReadyCheck = { name: string; required: boolean; check(): Promise<void> };

export type HttpAppOptions = {
  service: string;
  routes: Route[];
  log: Log;
  metrics: Metrics;
  /** Needed as soon as one route is not open. */
  tokens?: TokenVerifier | undefined;
  ready: ReadyCheck[];
  /** Run after correlation and request log, before the routes; not on the probes. */
  before?: RequestHandler[] | undefined;
  /** Greatest JSON body, in the notation of body-parser. */
  jsonLimit?: string | undefined;
  /** Takes what no route took. It may set `response.locals.route` to a template for log and metrics. */
  fallback?: RequestHandler | undefined;
  /** Makes what /openapi.json serves of the service's own document, which is served where this is left out. */
  describe?: ((own: object) => Promise<object>) | undefined;
};

const READY_DEADLINE_MS = 2_000;
const CLIENT_CLOSED_REQUEST = 499;
const PROBES: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);

/** Correlation id, trace, request log and RED metrics: one function, as every request passes it. */
function observe({ log, metrics }: HttpAppOptions): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    const correlationId = acceptCorrelationId(request.headers["x-correlation-id"]);
    // What a proxy sends on is the id that we log.
    request.headers["x-correlation-id"] = correlationId;
    response.setHeader("X-Correlation-ID", correlationId);
    response.locals.route = "unmatched";
    const { method } = request;
    if (request.headers.baggage !== undefined) {
      countDropped("baggage", "not_carried");
      delete request.headers.baggage;
    }
    const span = PROBES.has(request.path) ? undefined : startRequestSpan(method, request.headers);

    const finish = (): void => {
      const durationMs = performance.now() - startedAt;
      const status = response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST;
      const route = response.locals.route as string;
      // A stream lasts as long as its reader wants; its duration says nothing about us.
      const stream = String(response.getHeader("content-type") ?? "").startsWith("text/event-stream");
      if (!stream) metrics.observeHttp({ method, route, status, seconds: durationMs / 1000 });
      const line = { method, route, status, duration_ms: Math.round(durationMs * 100) / 100 };
      if (resendCount(request.headers[attemptHeader]) > 0) metrics.observeRetry({ method, route });
      if (PROBES.has(route)) log.debug(line, "request");
      else log.info(line, "request");
      if (span !== undefined) endRequestSpan(span, { method, route, status, stream });
    };
    runInContext({ correlationId, ...acceptFault(request.headers[faultHeader]) }, () =>
      runInTrace(span?.active ?? ensureTrace(extractTrace(request.headers)), () => {
        response.once("close", AsyncResource.bind(finish));
        next();
      }),
    );
  };
}

function routeTemplate(path: string): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = path;
    next();
  };
}

function authenticate(route: Route, tokens: TokenVerifier | undefined): RequestHandler[] {
  if (route.access === "open") return [];
  if (tokens === undefined)
    throw new Error(`${route.method} ${route.path} needs tokens, but the service verifies none`);
  return [
    async (request, response, next) => {
      const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
      if (token === undefined) {
        throw new AppError("auth.token_missing", "send a token as `Authorization: Bearer <token>`", {
          headers: challenge,
        });
      }
      const identity = await tokens.verify(token);
      if (route.access === "admin" && !identity.isAdmin) {
        throw new AppError("auth.forbidden", "only administrators may do this");
      }
      response.locals.identity = identity;
      next();
    },
  ];
}

function hasBody(request: Request): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== "0");
}

function requireJson(request: Request, _response: Response, next: NextFunction): void {
  if (hasBody(request) && !request.is("application/json")) {
    throw new AppError("request.unsupported_media_type", "send the body as application/json");
  }
  next();
}

/** Checks all parts, so that one answer names every wrong field, then hands over to the route. */
function validateAndHandle(route: Route): RequestHandler {
  return async (request, response) => {
    const errors: FieldError[] = [];
    const part = (schema: Route["body"], value: unknown, what: string): unknown => {
      if (schema === undefined) return value;
      const checked = validatePart(schema, value, what);
      errors.push(...checked.errors);
      return checked.value;
    };
    const params = part(route.params, request.params, "path");
    const query = part(route.query, request.query, "query");
    const headers = part(route.headers, request.headers, "headers");
    const body = part(route.body, request.body, "body");
    if (errors.length > 0) throw invalidRequest(errors);

    const context = currentContext();
    const { orderId } = request.params;
    if (context !== undefined && typeof orderId === "string") context.orderId = orderId;
    const identity = response.locals.identity as Identity | undefined;
    await route.handle({ params, query, headers, body, identity, raw: request }, response);
  };
}

function addRoutes(app: Express, { routes, tokens, jsonLimit = "100kb" }: HttpAppOptions): void {
  const parseJson = express.json({ limit: jsonLimit, strict: false, type: () => true });
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const body = route.body === undefined ? [] : [requireJson, parseJson];
    const handlers = [...authenticate(route, tokens), ...body, validateAndHandle(route)];
    app[route.method](route.path, routeTemplate(route.path), ...handlers);
    const known = methods.get(route.path) ?? [];
    methods.set(route.path, [
      ...known,
      route.method.toUpperCase(),
      ...(route.method === "get" ? ["HEAD"] : []),
    ]);
  }
  for (const [path, allowed] of methods) {
    app.all(path, routeTemplate(path), (request, response) => {
      const allow = [...allowed, "OPTIONS"].join(", ");
      if (request.method === "OPTIONS") {
        response.status(204).set("Allow", allow).end();
        return;
      }
      throw new AppError(
        "request.method_not_allowed",
        `${request.method} is not allowed here; allowed: ${allow}`,
        {
          headers: { Allow: allow },
        },
      );
    });
  }
}

async function runCheck({ check }: ReadyCheck): Promise<"up" | "down"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), READY_DEADLINE_MS);
  });
  try {
    await Promise.race([check(), late]);
    return "up";
  } catch {
    return "down";
  } finally {
    clearTimeout(timer);
  }
}

function addProbes(app: Express, options: HttpAppOptions): void {
  const { ready, metrics, service, routes, describe } = options;
  app.get("/livez", routeTemplate("/livez"), (_request, response) => {
    response.json({ status: "live" });
  });
  app.get("/readyz", routeTemplate("/readyz"), async (_request, response) => {
    const states = await Promise.all(ready.map(runCheck));
    const isReady = ready.every(({ required }, index) => !required || states[index] === "up");
    const checks = Object.fromEntries(ready.map(({ name }, index) => [name, states[index]]));
    response.status(isReady ? 200 : 503).json({ status: isReady ? "ready" : "unready", checks });
  });
  app.get("/metrics", routeTemplate("/metrics"), async (_request, response) => {
    const text = await metrics.registry.metrics();
    response.set("Content-Type", metrics.registry.contentType).end(text);
  });
  app.get("/openapi.json", routeTemplate("/openapi.json"), async (_request, response) => {
    const own = describeApi(service, routes);
    response.json(describe === undefined ? own : await describe(own));
  });
}

const bodyErrors: Readonly<
  Record<string, { code: "request.malformed_json" | "request.too_large"; detail: string }>
> = {
  "entity.parse.failed": { code: "request.malformed_json", detail: "the body is not valid JSON" },
  "entity.too.large": { code: "request.too_large", detail: "the body is larger than this route takes" },
};

/** What Express and body-parser throw for a bad request; undefined where the fault is ours. */
function requestError(error: unknown): AppError | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { type, status } = error as { type?: unknown; status?: unknown };
  const known = typeof type === "string" ? bodyErrors[type] : undefined;
  if (known !== undefined) return new AppError(known.code, known.detail, { cause: error });
  if (status === 415) {
    return new AppError(
      "request.unsupported_media_type",
      "the body's encoding or character set is not supported",
    );
  }
  if (error instanceof URIError || (typeof status === "number" && status >= 400 && status < 500)) {
    return new AppError("request.invalid", "the request cannot be read", { cause: error });
  }
  return undefined;
}

function handleErrors(log: Log) {
  return (error: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const known = error instanceof AppError ? error : requestError(error);
    // A refusal is an answer like any other; what is our fault is told in the span.
    const span = trace.getActiveSpan();
    if (span !== undefined && (known === undefined || known.httpStatus >= 500))
      failSpan(span, known ?? error);
    if (known === undefined) log.error({ err: error }, "a request failed unexpectedly");
    else if (known.httpStatus >= 500) log.warn({ err: known, code: known.code }, "a request failed");
    if (response.headersSent) {
      // Too late for a document: cut the connection, so that the client sees a broken answer.
      response.destroy();
      return;
    }
    const answer =
      known ?? new AppError("internal", "the request failed; the correlation id finds the reason");
    const document = problem(answer, String(response.getHeader("X-Correlation-ID")));
    response
      .status(document.status)
      .set(answer.headers ?? {})
      .set("Content-Type", PROBLEM_TYPE);
    response.json(document);
  };
}

/** The HTTP side of a service: probes, metrics, OpenAPI document, validated routes, problem documents. */
export function createHttpApp(options: HttpAppOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  // Hashing every answer costs more than the rare 304 saves.
  app.disable("etag");
  app.use(observe(options));
  addProbes(app, options);
  for (const handler of options.before ?? []) app.use(handler);
  addRoutes(app, options);
  if (options.fallback !== undefined) app.use(options.fallback);
  app.use((request: Request) => {
    throw new AppError("route.not_found", `there is no ${request.method} ${request.path}`);
  });
  app.use(handleErrors(options.log));
  return app;
}
