import { type Json } from "../types";
import { type JsonObject } from "./json";

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const snakeCase = (key: string): string =>
  key.startsWith("@") ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Merges as protobuf does: messages field by field, lists one after the other, everything else replaced. */
export function merge(base: Json, change: Json): Json {
  if (Array.isArray(base) && Array.isArray(change)) return [...base, ...change];
  if (!isObject(base) || !isObject(change)) return structuredClone(change);
  const result: JsonObject = { ...base };
  for (const [key, value] of Object.entries(change)) {
    // Both notations name the same field, and ours are in snake case.
    const name = key in base ? key : snakeCase(key) in base ? snakeCase(key) : key;
    const old = result[name];
    result[name] = old === undefined ? structuredClone(value) : merge(old, value);
  }
  return result;
}
