import { AsyncResource } from "node:async_hooks";

import cors from "cors";
import type { Request, RequestHandler, Response } from "express";
import { v7 as uuidv7 } from "uuid";

import { challenge, type Identity, type TokenVerifier } from "../../lib/auth";
import { AppError } from "../../lib/errors";
import type { ProxiedService, Resolved } from "./api-route";
import { addressKey, type Forwarded, forwardedFor } from "./client-address";
import type { GatewayMetrics } from "./gateway-metrics";
import { requestHeaders } from "./headers";
import { limitError, type Quota, rateLimitHeaders } from "./quota";
import type { WindowLimiter } from "./window-limiter";

export type ApiDeps = {
  resolve(method: string, target: string): Resolved | undefined;
  tokens: TokenVerifier;
  perSecond(client: string): Quota | undefined;
  windows: WindowLimiter;
  proxies: Record<ProxiedService, RequestHandler>;
  metrics: GatewayMetrics;
  trustedHops: number;
};

/**
 * The article's CORS rules. Idempotency-Key and X-Correlation-ID are allowed on top of its headers, since
 * this API takes them; the limits and ids of an answer are exposed on top of its X-Request-ID.
 */
export function createCors(origins: string[]): RequestHandler {
  return cors({
    origin: origins,
    methods: ["GET", "POST", "PUT", "DELETE"],
    allowedHeaders: ["Accept", "Content-Type", "Authorization", "Idempotency-Key", "X-Correlation-ID"],
    exposedHeaders: ["X-Request-ID", "X-Correlation-ID", "RateLimit", "RateLimit-Policy", "Retry-After"],
    credentials: true,
    maxAge: 3600,
  });
}

/** Gives each request an id of its own; a client's is not taken over, since it would not be one. */
export function assignRequestId(_request: Request, response: Response, next: () => void): void {
  response.setHeader("X-Request-ID", uuidv7());
  next();
}

type Caller = { identity?: Identity; error?: AppError };

/** Who calls. What is wrong with the token is thrown later, once the client has been counted. */
async function identify(request: Request, tokens: TokenVerifier): Promise<Caller> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined) {
    return {
      error: new AppError("auth.token_missing", "send a token as `Authorization: Bearer <token>`", {
        headers: challenge,
      }),
    };
  }
  try {
    return { identity: await tokens.verify(token) };
  } catch (error) {
    if (error instanceof AppError) return { error };
    throw error;
  }
}

function authorize(access: "open" | "user" | readonly string[], { identity, error }: Caller): void {
  if (access === "open") return;
  if (!identity)
    throw error ?? new AppError("auth.token_missing", "a token is required", { headers: challenge });
  if (access === "user" || identity.groups.some((group) => access.includes(group))) return;
  throw new AppError("auth.forbidden", `only members of ${access.join(" or ")} may do this`);
}

function observe(
  metrics: GatewayMetrics,
  service: string,
  exchange: { request: Request; response: Response },
): void {
  const { request, response } = exchange;
  const startedAt = performance.now();
  const { method } = request;
  const finish = AsyncResource.bind(() => {
    const isStream = String(response.getHeader("content-type") ?? "").startsWith("text/event-stream");
    const seconds = isStream ? undefined : (performance.now() - startedAt) / 1000;
    // 499: the client left before there was an answer
    metrics.observe({ service, method, status: response.headersSent ? response.statusCode : 499, seconds });
  });
  response.once("close", finish);
}

/** Makes the request what the service shall see. */
function prepare(
  request: Request,
  response: Response,
  options: { path: string; forwarded: Forwarded; behindProxy: boolean },
): void {
  const { path, forwarded, behindProxy } = options;
  const { headers: given } = request;
  const first = (name: string): string | undefined =>
    behindProxy
      ? String(given[name] ?? "")
          .split(",")[0]
          ?.trim() || undefined
      : undefined;
  const headers = requestHeaders(given);
  headers["x-request-id"] = String(response.getHeader("X-Request-ID"));
  headers["x-forwarded-for"] = forwarded.chain.join(", ");
  headers["x-forwarded-proto"] = first("x-forwarded-proto") ?? "http";
  const host = first("x-forwarded-host") ?? given.host;
  if (host !== undefined) headers["x-forwarded-host"] = host;
  request.headers = headers;
  const query = request.originalUrl.indexOf("?");
  response.locals["upstreamPath"] = query < 0 ? path : path + request.originalUrl.slice(query);
}

/**
 * The way of every request to /api: find its route, identify and count the client, check its token and
 * groups, then pass it on. Other requests, and what the gateway composes itself, go to the next handler.
 */
export function createApi(deps: ApiDeps): RequestHandler {
  const { resolve, tokens, perSecond, windows, proxies, metrics, trustedHops } = deps;

  return async (request, response, next) => {
    const resolved = resolve(request.method, request.originalUrl);
    if (!resolved) {
      next();
      return;
    }
    response.locals["route"] = resolved.template;
    observe(metrics, resolved.service, { request, response });

    const forwarded = forwardedFor({
      remoteAddress: request.socket.remoteAddress,
      header: request.get("x-forwarded-for"),
      hops: trustedHops,
    });
    const address = addressKey(forwarded.client);
    const caller = await identify(request, tokens);
    const client = caller.identity ? `user ${caller.identity.userId}` : `address ${address}`;
    const count = (quotas: Quota[]): void => {
      for (const [name, value] of Object.entries(rateLimitHeaders(quotas))) response.setHeader(name, value);
      const error = limitError(quotas);
      if (error) throw error;
    };
    const second = perSecond(client);
    const quotas = second ? [second] : [];
    count(quotas);

    const { route, path, composed, service } = resolved;
    if (resolved.error) throw resolved.error;
    if (!route || path === undefined || service === "none")
      throw new Error("a route without error is complete");
    authorize(route.access, caller);
    if (route.limits) {
      // a token does not help to guess passwords: these are counted by address
      const counted = route.limits.route === "login" ? `address ${address}` : client;
      count([...quotas, ...(await windows.count(counted, route.limits))]);
    }
    if (composed) {
      next();
      return;
    }
    prepare(request, response, { path, forwarded, behindProxy: trustedHops > 0 });
    proxies[service](request, response, next);
  };
}
