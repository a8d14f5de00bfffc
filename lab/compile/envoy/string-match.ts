import { type StringMatch } from "../model/common";
import { type JsonObject } from "./json";

/** Envoy's notation for a match of a VirtualService. */
export function toStringMatch(match: StringMatch): JsonObject {
  return "regex" in match ? toRegex(match.regex) : match;
}

export const toRegex = (regex: string): JsonObject => ({ safe_regex: { regex } });

export const escapeRegex = (text: string): string => text.replace(/[.+*?()|[\]{}^$\\]/g, "\\$&");

/**
 * The pattern of a policy: a text, `*` for any, or a text with `*` at one end. `before` is put in front of
 * what is compared.
 */
export function toPattern(value: string, before = ""): JsonObject {
  if (value === "*") return toRegex(".+");
  if (value.startsWith("*")) {
    const suffix = value.slice(1);
    return before === "" ? { suffix } : toRegex(`${before}.*${escapeRegex(suffix)}`);
  }
  return value.endsWith("*") ? { prefix: before + value.slice(0, -1) } : { exact: before + value };
}

/** The same for a header, which may also be asked just to be there. */
export function toHeaderPattern(name: string, value: string, ignoreCase = false): JsonObject {
  if (value === "*") return { name, present_match: true };
  return { name, string_match: { ...toPattern(value), ...(ignoreCase && { ignore_case: true }) } };
}
