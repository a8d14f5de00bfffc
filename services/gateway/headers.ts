import type { IncomingHttpHeaders } from "node:http";

/** Meant for one connection only (RFC 9110, 7.6.1). Transfer-Encoding is left to node, which frames anew. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
]);

/** Never dropped because Connection names them: they frame and address the message. */
const framing: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "host"]);

/**
 * Said by the gateway and the mesh, never by a client: where a request came from, who it is for, how the
 * sidecars shall route and retry it. X-Symphony-Fault alone may come from outside: it marks the one request
 * that a header-scoped fault is to break.
 */
const internalNames: ReadonlySet<string> = new Set([
  "expect",
  "forwarded",
  "true-client-ip",
  "x-client-ip",
  "x-http-method-override",
  "x-original-url",
  "x-real-ip",
  "x-request-id",
  "x-rewrite-url",
  "x-service",
]);
const internalPrefixes = ["x-envoy-", "x-forwarded-", "x-istio-", "x-symphony-", "x-user-"];
const fromOutside = "x-symphony-fault";

/** Answered by the gateway itself, or of no use outside. */
const notPassedBack: ReadonlySet<string> = new Set([
  "ratelimit",
  "ratelimit-policy",
  "server",
  "transfer-encoding",
  "x-correlation-id",
  "x-powered-by",
  "x-request-id",
  "x-service",
]);
const notPassedBackPrefixes = ["access-control-", "x-envoy-"];

const startsWithOneOf = (name: string, prefixes: string[]): boolean =>
  prefixes.some((prefix) => name.startsWith(prefix));

function named(connection: string | undefined): ReadonlySet<string> {
  const names = (connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  return new Set(names.filter((name) => name !== "" && !framing.has(name)));
}

/** What of a client's headers a service gets to see. */
export function requestHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const nominated = named(headers.connection);
  const kept: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    if (hopByHop.has(name) || internalNames.has(name) || nominated.has(name)) continue;
    if (startsWithOneOf(name, internalPrefixes) && name !== fromOutside) continue;
    kept[name] = value;
  }
  return kept;
}

/** What of a service's headers the client gets to see. A path in Location is the outer one. */
export function responseHeaders(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const nominated = named(headers.connection);
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || notPassedBack.has(name) || nominated.has(name)) continue;
    if (startsWithOneOf(name, notPassedBackPrefixes)) continue;
    kept[name] =
      name === "location" && typeof value === "string" && /^\/(?!\/)/.test(value) ? `/api${value}` : value;
  }
  return kept;
}
