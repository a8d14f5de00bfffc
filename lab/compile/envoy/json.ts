import { type Json } from "../types";

export type JsonObject = { [key: string]: Json };

/** An object without the fields that are undefined. */
export function compact(fields: Record<string, Json | undefined>): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) result[name] = value;
  return result;
}

/** A message of a named type, as Envoy's Any is written in JSON. */
export function typed(type: string, fields: Record<string, Json | undefined> = {}): JsonObject {
  return { "@type": `type.googleapis.com/${type}`, ...compact(fields) };
}

/** An extension: a name and its typed configuration. */
export function extension(
  name: string,
  type: string,
  fields: Record<string, Json | undefined> = {},
): JsonObject {
  return { name, typed_config: typed(type, fields) };
}

/** Nothing for an empty list: Envoy's default for each. */
export function filled<T extends Json>(list: T[]): T[] | undefined {
  return list.length === 0 ? undefined : list;
}
