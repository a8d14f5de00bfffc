import { type Json } from "../../compile/types";
import { type Features, type Reducer } from "./feature";
import { Fields, isObject, type JsonObject, objectsOf, omit, textOf } from "./json";

/** Which requests a route takes. */
export const reduceMatch: Reducer = (fields) => {
  const match = fields.take("match");
  if (!isObject(match)) return match;
  // All conditions hold together, in whatever order they stand.
  const { headers, query_parameters, ...path } = match;
  return {
    ...path,
    case_sensitive: path.case_sensitive ?? true,
    ...(headers !== undefined && { headers: sorted(headers) }),
    ...(query_parameters !== undefined && { query_parameters: sorted(query_parameters) }),
  };
};

const sorted = (conditions: Json): Json[] =>
  objectsOf(conditions).sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));

/** Where requests go, and how much of them. */
export const reduceDestinations: Reducer = (action) =>
  action.takeAll("cluster", "weighted_clusters", "cluster_header");

/** How long a request may take. */
export const reduceTimeout: Reducer = (action) =>
  action.takeAll("timeout", "max_stream_duration", "max_grpc_timeout", "idle_timeout");

/** What is tried again, how often and where. */
export const reduceRetries: Reducer = (action) => action.take("retry_policy");

/** Copies of requests. */
export const reduceMirrors: Reducer = (action) => action.take("request_mirror_policies");

/** What decides where consistent hashing sends a request. */
export const reduceHashing: Reducer = (action) => action.take("hash_policy");

/**
 * How path and host of a request are changed on the way. `own` is the host and port that the listener is for: on a
 * laptop a request calls it by an address of loopback, so that its name is put back.
 */
export function reduceRewrite(action: Fields, own: string | undefined): Json | undefined {
  const host = action.take("host_rewrite_literal");
  const rewrite = action.takeAll(
    "prefix_rewrite",
    "regex_rewrite",
    "path_rewrite_policy",
    "append_x_forwarded_host",
  );
  return host === undefined || host === own ? rewrite : { ...rewrite, host_rewrite_literal: host };
}

/** Headers that are set, added and removed. */
export const reduceHeaders: Reducer = (fields) =>
  fields.takeAll(
    "request_headers_to_add",
    "request_headers_to_remove",
    "response_headers_to_add",
    "response_headers_to_remove",
  );

/** Redirects and answers that the proxy gives itself. */
export const reduceAnswers: Reducer = (fields) => fields.takeAll("redirect", "direct_response");

/** A route of a virtual host, feature by feature. */
export function reduceRoute(route: JsonObject, own: string | undefined): Features {
  const fields = Fields.of(route);
  const action = Fields.of(isObject(route.route) ? route.route : {});
  fields.take("route");
  const filters = fields.take("typed_per_filter_config");
  const perFilter = Fields.of(isObject(filters) ? filters : {});
  return {
    match: reduceMatch(fields),
    destinations: reduceDestinations(action),
    timeout: reduceTimeout(action),
    retries: reduceRetries(action),
    fault: perFilter.take("envoy.filters.http.fault"),
    CORS: perFilter.take("envoy.filters.http.cors"),
    mirrors: reduceMirrors(action),
    hashing: reduceHashing(action),
    rewrite: reduceRewrite(action, own),
    headers: reduceHeaders(fields),
    answers: reduceAnswers(fields),
    "names of spans and statistics": fields.takeAll("decorator", "metadata", "stat_prefix"),
    "other of routes": joined(fields.rest(), action.rest(), perFilter.rest()),
  };
}

function joined(...parts: (JsonObject | undefined)[]): Json | undefined {
  const all = omit(Object.assign({}, ...parts) as JsonObject, "name");
  return Object.keys(all).length === 0 ? undefined : all;
}
