type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };
type Definitions = Record<string, Schema>;

/** An object's kind as `apps/v1/Deployment` or, of the core group, `v1/Service`. */
export type KindName = string;

const prefix = "#/definitions/";
/** Kept: what says which values are right. Left out: text, and Kubernetes' own notes. */
const kept = new Set([
  "type",
  "properties",
  "items",
  "required",
  "enum",
  "additionalProperties",
  "minimum",
  "maximum",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "oneOf",
  "anyOf",
  "allOf",
  "not",
]);
const numbersToo: Definitions = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { type: ["string", "number"] },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { type: ["string", "integer"] },
};

function isObject(value: Json | undefined): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function copyOf(key: string, value: Json): Json {
  if (key === "properties" && isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, closed(one as Schema)]));
  if (Array.isArray(value) && value.every(isObject)) return value.map(partOf);
  return isObject(value) ? closed(value) : value;
}

/** A closed copy: fields that the API server would drop are errors here. */
function closed(schema: Schema): Schema {
  if (typeof schema.$ref === "string") return { $ref: schema.$ref };
  if (schema["x-kubernetes-int-or-string"] === true) return { type: ["string", "integer"] };
  const copy: Schema = {};
  for (const [key, value] of Object.entries(schema)) if (kept.has(key)) copy[key] = copyOf(key, value);
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || "additionalProperties" in schema;
  if (isObject(schema.properties) && !open) copy.additionalProperties = false;
  return copy;
}

/** A branch of oneOf and the like tells of some fields and not of all, so it stays open. */
function partOf(schema: Schema): Schema {
  const copy = closed(schema);
  delete copy.additionalProperties;
  return copy;
}

function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === "$ref" && typeof one === "string" ? [one.slice(prefix.length)] : referencesIn(one),
  );
}

function nameOf(definition: Schema): KindName[] {
  const kinds = definition["x-kubernetes-group-version-kind"];
  if (!Array.isArray(kinds)) return [];
  return (kinds as { group: string; version: string; kind: string }[]).map(({ group, version, kind }) =>
    [group, version, kind].filter((part) => part !== "").join("/"),
  );
}

/**
 * One JSON schema for all of `kinds`, from an API server's OpenAPI v2 document: each kind under
 * `definitions`, by its name. Throws where the server does not know a kind.
 */
export function buildSchema(definitions: Definitions, kinds: KindName[]): { definitions: Definitions } {
  const byKind = new Map<KindName, string>();
  for (const [name, definition] of Object.entries(definitions))
    for (const kind of nameOf(definition)) byKind.set(kind, name);
  const wanted: Definitions = {};
  const add = (name: string): void => {
    if (name in wanted) return;
    const schema = numbersToo[name] ?? closed(definitions[name] ?? {});
    wanted[name] = schema;
    referencesIn(schema).forEach(add);
  };
  for (const kind of [...kinds].sort()) {
    const name = byKind.get(kind);
    if (name === undefined) throw new Error(`the cluster does not know ${kind}`);
    add(name);
    const schema = wanted[name];
    if (schema !== undefined) wanted[kind] = { $ref: `${prefix}${name}` };
  }
  return { definitions: wanted };
}
