import { createRequire } from "node:module";

import { z } from "zod";
import type * as ZodOpenApi from "zod-openapi";

import { type ErrorCode, errorTable } from "./errors";
import { PROBLEM_TYPE, problemSchema } from "./problem";
import type { Route } from "./route";

type Operation = ZodOpenApi.ZodOpenApiOperationObject;
type Responses = ZodOpenApi.ZodOpenApiResponsesObject;
type Document = ReturnType<typeof ZodOpenApi.createDocument>;

/** Loaded when the first document is asked for: few processes ever serve one. */
const load = createRequire(__filename);
const documents = new WeakMap<Route[], Document>();

/** `/orders/:orderId` as OpenAPI writes it. */
function toTemplate(path: string): string {
  return path.replaceAll(/:(\w+)/g, "{$1}");
}

/** A route whose parameters have no schema takes any text. */
function pathParameters(route: Route): z.ZodObject | undefined {
  if (route.params !== undefined) return route.params;
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => String(name));
  return names.length === 0
    ? undefined
    : z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
}

/** The codes that a route may answer with: its own, and those of the checks in front of it. */
function errorCodes(route: Route): ErrorCode[] {
  const codes = new Set<ErrorCode>(route.errors);
  if (route.params ?? route.query ?? route.headers ?? route.body) codes.add("request.invalid");
  if (route.body !== undefined) {
    for (const code of ["malformed_json", "too_large", "unsupported_media_type"] as const)
      codes.add(`request.${code}`);
  }
  if (route.access !== "open") {
    for (const code of ["token_missing", "token_invalid", "token_expired", "keys_unavailable"] as const) {
      codes.add(`auth.${code}`);
    }
  }
  if (route.access === "admin") codes.add("auth.forbidden");
  codes.add("internal");
  return [...codes];
}

function describeResponses(route: Route): Responses {
  const responses: Record<string, Responses["200"]> = {};
  for (const [status, { description, schema, contentType = "application/json" }] of Object.entries(
    route.responses,
  )) {
    responses[status] = {
      description,
      ...(schema !== undefined && { content: { [contentType]: { schema } } }),
    };
  }
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorCodes(route)) {
    const { http } = errorTable[code];
    byStatus.set(http, [...(byStatus.get(http) ?? []), code]);
  }
  for (const [status, codes] of byStatus) {
    responses[status] ??= {
      description: codes.map((code) => `\`${code}\`: ${errorTable[code].title}`).join("; "),
      content: { [PROBLEM_TYPE]: { schema: problemSchema } },
    };
  }
  return responses as Responses;
}

function describeOperation(route: Route): Operation {
  const path = pathParameters(route);
  return {
    summary: route.summary,
    operationId: `${route.method}${route.path.replaceAll(/\W+(\w)/g, (_match, letter: string) => letter.toUpperCase())}`,
    ...(route.access !== "open" && { security: [{ token: [] }] }),
    requestParams: {
      ...(path !== undefined && { path }),
      ...(route.query !== undefined && { query: route.query }),
      ...(route.headers !== undefined && { header: route.headers }),
    },
    ...(route.body !== undefined && {
      requestBody: { required: true, content: { "application/json": { schema: route.body } } },
    }),
    responses: describeResponses(route),
  };
}

/** The OpenAPI document of a service, made of the definitions that also validate. */
export function describeApi(service: string, routes: Route[]): Document {
  const known = documents.get(routes);
  if (known !== undefined) return known;
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    (paths[toTemplate(route.path)] ??= {})[route.method] = describeOperation(route);
  }
  const { createDocument } = load("zod-openapi") as typeof ZodOpenApi;
  const document = createDocument({
    openapi: "3.1.0",
    info: { title: `Symphony ${service}`, version: "1.0.0" },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } },
    },
  });
  documents.set(routes, document);
  return document;
}
