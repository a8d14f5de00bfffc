import { type Json } from "../../compile/types";

export type JsonObject = { [key: string]: Json };

export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The objects of a list; none where there is no list. */
export const objectsOf = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** An object, or an empty one where there is none. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

const camelCase = /^[a-z][a-zA-Z0-9]*$/;

/** One notation for what protobuf's JSON may write in two: names of fields, times, large numbers, defaults, the order of fields. */
export function normal(value: Json): Json {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value === "string") return normalText(value);
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .map(([key, field]): [string, Json] => [camelCase.test(key) ? snakeCase(key) : key, normal(field)])
    .filter(([key, field]) => defaults[key] !== field);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Protobuf's own names put no `_` before a digit: `consecutive_5xx` is read from `consecutive5xx`. */
const digits: Record<string, string> = {
  consecutive5xx: "consecutive_5xx",
  enforcing_consecutive5xx: "enforcing_consecutive_5xx",
  proxy100_continue: "proxy_100_continue",
};

function snakeCase(key: string): string {
  const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return digits[name] ?? name;
}

/** Values that a field has where nothing is said; some write them down. */
const defaults: Record<string, Json | undefined> = { denominator: "HUNDRED", action: "ALLOW", value: 0 };

/** `5.500s` and `5.5s` are the same time. */
function normalText(text: string): string | number {
  if (/^\d+(\.\d+)?s$/.test(text)) return `${String(Number(text.slice(0, -1)))}s`;
  // Protobuf writes numbers of 64 bits as texts.
  return /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text;
}

/** The same text for equal values: fields were sorted. */
export const textOf = (value: Json | undefined): string => JSON.stringify(value ?? null);

/** An object without some of its fields. */
export const omit = (value: JsonObject, ...names: string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

/** What is left of a resource while one feature after the other takes its fields, so that none is overlooked. */
export class Fields {
  constructor(private readonly left: JsonObject) {}

  static of(resource: JsonObject): Fields {
    return new Fields({ ...resource });
  }

  take(name: string): Json | undefined {
    const { [name]: value } = this.left;
    Reflect.deleteProperty(this.left, name);
    return value;
  }

  /** Those of `names` that are there. */
  takeAll(...names: string[]): JsonObject | undefined {
    const taken: JsonObject = {};
    for (const name of names) {
      const value = this.take(name);
      if (value !== undefined) taken[name] = value;
    }
    return Object.keys(taken).length === 0 ? undefined : taken;
  }

  /** Everything that no feature took. */
  rest(): JsonObject | undefined {
    return Object.keys(this.left).length === 0 ? undefined : this.left;
  }
}
