import { authorityOf } from "../model/authority";
import { type ResolvedForward, type Route } from "../model/proxy";
import { type DirectResponse, type Redirect, type Rewrite } from "../model/routing";
import { type HashKey } from "../model/traffic";
import { type Json } from "../types";
import { outboundCluster } from "./cluster-name";
import { toHeaderOperations } from "./header-operations";
import { compact, filled, type JsonObject } from "./json";
import { toMillionths } from "./percent";
import { toRetryPolicy } from "./retry";

/** What a route does: forward, redirect or answer. */
export function toAction(route: Route): JsonObject {
  const { action } = route;
  switch (action.kind) {
    case "forward":
      return { route: toForward(action, route) };
    case "redirect":
      return { redirect: toRedirect(action, route.port) };
    case "response":
      return { direct_response: toDirectResponse(action) };
  }
}

function toForward(forward: ResolvedForward, { headers }: Route): JsonObject {
  const [single, ...more] = forward.destinations;
  const timeout = forward.timeout ?? "0s";
  const isSingle = single !== undefined && more.length === 0;
  const authority =
    forward.rewrite?.authority ??
    authorityOf(headers) ??
    (isSingle ? authorityOf(single.headers) : undefined) ??
    forward.authority;
  return compact({
    ...(isSingle ? { cluster: outboundCluster(single.target) } : { weighted_clusters: toWeighted(forward) }),
    timeout,
    ...toRewrite(forward.rewrite),
    host_rewrite_literal: authority,
    retry_policy: toRetryPolicy(forward.retries, isSingle && single.hash !== undefined),
    request_mirror_policies: filled(forward.mirrors.map(toMirror)),
    hash_policy: filled(
      forward.destinations.flatMap(({ hash }) => (hash === undefined ? [] : [toHashPolicy(hash)])),
    ),
    // A client's own deadline (grpc-timeout) counts up to that of the route.
    max_grpc_timeout: timeout,
  });
}

function toWeighted({ destinations }: ResolvedForward): JsonObject {
  return {
    clusters: destinations.map(({ target, weight, headers }): Json =>
      compact({
        name: outboundCluster(target),
        weight,
        ...toHeaderOperations(headers),
        host_rewrite_literal: authorityOf(headers),
      }),
    ),
  };
}

function toRewrite(rewrite: Rewrite | undefined): JsonObject {
  if (rewrite?.regex !== undefined) {
    const { pattern, substitution } = rewrite.regex;
    return { regex_rewrite: { pattern: { regex: pattern }, substitution } };
  }
  return rewrite?.prefix === undefined ? {} : { prefix_rewrite: rewrite.prefix };
}

function toMirror({ target, percent }: ResolvedForward["mirrors"][number]): JsonObject {
  const share = percent === 100 ? { numerator: 100 } : toMillionths(percent);
  return {
    cluster: outboundCluster(target),
    runtime_fraction: { default_value: share },
    trace_sampled: false,
    disable_shadow_host_suffix_append: true,
  };
}

function toHashPolicy(hash: HashKey): JsonObject {
  switch (hash.kind) {
    case "header":
      return { header: { header_name: hash.name } };
    case "query":
      return { query_parameter: { name: hash.name } };
    case "source-ip":
      return { connection_properties: { source_ip: true } };
    case "cookie":
      return { cookie: compact({ name: hash.name, path: hash.path, ttl: hash.ttl }) };
  }
}

const redirectCodes: Record<number, string | undefined> = {
  302: "FOUND",
  303: "SEE_OTHER",
  307: "TEMPORARY_REDIRECT",
  308: "PERMANENT_REDIRECT",
};

function toRedirect(redirect: Redirect, listenPort: number): JsonObject {
  const wanted = redirect.port === "request" ? listenPort : redirect.port;
  const usual = redirect.scheme === "https" ? 443 : 80;
  const { path } = redirect;
  return compact({
    host_redirect: redirect.authority,
    ...(path && ("replace" in path ? { path_redirect: path.replace } : { prefix_rewrite: path.prefix })),
    scheme_redirect: redirect.scheme,
    port_redirect: wanted === usual ? undefined : wanted,
    response_code: redirectCodes[redirect.status],
  });
}

function toDirectResponse({ status, body }: DirectResponse): JsonObject {
  return compact({ status, body: body === undefined ? undefined : { inline_string: body } });
}
