import { type Json } from "../types";
import { type JsonObject } from "./json";

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const snakeCase = (key: string): string =>
  key.startsWith("@") ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Maps, not messages, of the filters that are made here: an entry has no fields for a merge, it is replaced. */
const maps = new Set(["providers", "requirement_map"]);

/** Merges as protobuf does: messages field by field, lists one after the other, everything else replaced. */
export function merge(base: Json, change: Json): Json {
  if (Array.isArray(base) && Array.isArray(change)) return [...base, ...change];
  if (!isObject(base) || !isObject(change)) return structuredClone(change);
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(change)) {
    // Both notations name the same field, and ours are in snake case.
    const name = key in base ? key : snakeCase(key) in base ? snakeCase(key) : key;
    result[name] = mergeField(name, result[name], value);
  }
  return result;
}

function mergeField(name: string, old: Json | undefined, value: Json): Json {
  if (old === undefined) return structuredClone(value);
  if (maps.has(name) && isObject(old) && isObject(value)) return { ...old, ...structuredClone(value) };
  return merge(old, value);
}
