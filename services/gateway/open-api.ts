import { z } from "zod";

import { PROBLEM_TYPE } from "../../lib/problem";
import type { ApiRoute } from "./api-route";

const operation = z.looseObject({ responses: z.record(z.string(), z.unknown()).optional() });
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()).optional() }).default({}),
});
type Document = z.infer<typeof documentSchema>;

const schemaPrefix = "#/components/schemas/";

/** Points the references in `value` to the new names of schemas. */
function renameReferences(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key !== "$ref" || typeof inner !== "string" || !inner.startsWith(schemaPrefix)) {
        return [key, renameReferences(inner, names)];
      }
      const name = inner.slice(schemaPrefix.length);
      return [key, `${schemaPrefix}${names.get(name) ?? name}`];
    }),
  );
}

function capitalised(service: string): string {
  return service.slice(0, 1).toUpperCase() + service.slice(1);
}

function gatewayProblem(description: string): unknown {
  return { description, content: { [PROBLEM_TYPE]: { schema: { $ref: `${schemaPrefix}Problem` } } } };
}

/** What the gateway itself may answer on any proxied route. */
const gatewayResponses = {
  "429": gatewayProblem("`rate.limited`: see RateLimit, RateLimit-Policy and Retry-After"),
  "503": gatewayProblem("`peer.unavailable`: the service is not available"),
  "504": gatewayProblem("`peer.timeout`: the service did not answer in time"),
};

/** The operations of `document` that `route` lets through, with the paths that they have outside. */
function outerPaths(route: ApiRoute, document: Document): Document["paths"] {
  const paths: Document["paths"] = {};
  for (const [path, item] of Object.entries(document.paths)) {
    if (path.split("/", 2)[1] !== route.segment) continue;
    const allowed = Object.entries(item).filter(([method]) => route.methods.includes(method.toUpperCase()));
    if (allowed.length === 0) continue;
    paths[`/api${path}`] = Object.fromEntries(
      allowed.map(([method, described]) => {
        const known = operation.parse(described);
        return [
          method,
          { ...known, tags: [route.segment], responses: { ...gatewayResponses, ...known.responses } },
        ];
      }),
    );
  }
  return paths;
}

/**
 * The document of the outer API: the gateway's own routes, and of each service's document what the gateway
 * lets through. Schemas of one name but another content get the service's name in front. A service without
 * a document is left out and named in `x-unavailable`.
 */
export function composeApi(
  own: object,
  parts: { route: ApiRoute; document: object | undefined }[],
): Record<string, unknown> {
  const base = documentSchema.parse(own);
  const paths = { ...base.paths };
  const schemas: Record<string, unknown> = { ...base.components.schemas };
  const unavailable: string[] = [];
  for (const { route, document } of parts) {
    if (document === undefined) {
      unavailable.push(route.service);
      continue;
    }
    const theirs = documentSchema.parse(document);
    const names = new Map<string, string>();
    for (const [name, schema] of Object.entries(theirs.components.schemas ?? {})) {
      const taken = schemas[name] !== undefined && JSON.stringify(schemas[name]) !== JSON.stringify(schema);
      if (taken) names.set(name, `${capitalised(route.service)}${name}`);
    }
    for (const [name, schema] of Object.entries(theirs.components.schemas ?? {})) {
      schemas[names.get(name) ?? name] = renameReferences(schema, names);
    }
    Object.assign(paths, renameReferences(outerPaths(route, theirs), names));
  }
  return {
    ...base,
    info: { title: "Symphony", version: "1.0.0" },
    paths,
    components: { ...base.components, schemas },
    ...(unavailable.length > 0 && { "x-unavailable": unavailable }),
  };
}

const fetchDeadlineMs = 2_000;
const freshMs = 60_000;

async function fetchDocument(url: string): Promise<object | undefined> {
  try {
    const response = await fetch(new URL("/openapi.json", url), {
      signal: AbortSignal.timeout(fetchDeadlineMs),
    });
    const body: unknown = response.ok ? await response.json() : undefined;
    return documentSchema.safeParse(body).success ? (body as object) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the outer document out of the services' own, fetched when asked for and kept for a minute: composed
 * this way it cannot drift from what they validate.
 */
export function createApiDescription(
  routes: ApiRoute[],
  urls: Record<ApiRoute["service"], string>,
): (own: object) => Promise<object> {
  const kept = new Map<string, { at: number; document: object }>();

  async function read(service: ApiRoute["service"]): Promise<object | undefined> {
    const known = kept.get(service);
    if (known && performance.now() - known.at < freshMs) return known.document;
    const document = await fetchDocument(urls[service]);
    if (document) kept.set(service, { at: performance.now(), document });
    return document;
  }

  return async (own) =>
    composeApi(
      own,
      await Promise.all(routes.map(async (route) => ({ route, document: await read(route.service) }))),
    );
}
