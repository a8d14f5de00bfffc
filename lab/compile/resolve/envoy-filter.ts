import { type Identity } from "../model/common";
import { type EnvoyFilter, type FilterPatch } from "../model/extensions";
import { type Field } from "../source/field";
import { type Json } from "../types";
import { readWorkloadSelector } from "./selector";

const levels: Record<string, FilterPatch["level"]> = { HTTP_FILTER: "http", NETWORK_FILTER: "network" };
const operations = [
  "INSERT_BEFORE",
  "INSERT_AFTER",
  "INSERT_FIRST",
  "ADD",
  "MERGE",
  "REPLACE",
  "REMOVE",
] as const;
const contexts = ["ANY", "SIDECAR_INBOUND", "SIDECAR_OUTBOUND", "GATEWAY"] as const;
const connectionManager = "envoy.filters.network.http_connection_manager";

/** Reads an EnvoyFilter: what is put into, or changed of, the chains of network and HTTP filters. */
export function readEnvoyFilter(identity: Identity, spec: Field): EnvoyFilter {
  return {
    ...identity,
    selector: readWorkloadSelector(spec),
    priority: spec.number("priority") ?? 0,
    patches: spec.list("configPatches").flatMap((field) => readPatch(field) ?? []),
  };
}

function oneOf<T extends string>(
  field: Field | undefined,
  allowed: readonly T[],
  parent: Field,
): T | undefined {
  const text = field?.asText();
  const found = allowed.find((value) => value === text);
  if (found === undefined)
    (field ?? parent).refuse(
      text === undefined
        ? `one of ${allowed.join(", ")} is missing`
        : `${text} is not supported by the mesh on a laptop; allowed: ${allowed.join(", ")}`,
    );
  return found;
}

function readPatch(field: Field): FilterPatch | undefined {
  const level = oneOf(field.get("applyTo"), Object.keys(levels), field);
  const patch = field.get("patch");
  const operation = oneOf(patch?.get("operation"), operations, patch ?? field);
  const match = field.get("match");
  const context = match?.has("context") === true ? oneOf(match.get("context"), contexts, match) : "ANY";
  if (level === undefined || operation === undefined || context === undefined) return undefined;
  return {
    origin: field.origin,
    level: levels[level] ?? "http",
    context,
    ...readListenerMatch(match?.get("listener"), level),
    operation,
    value: readValue(patch, operation),
  };
}

type ListenerMatch = Pick<FilterPatch, "listener" | "chain" | "filter" | "subFilter">;

function readListenerMatch(field: Field | undefined, level: string): ListenerMatch {
  const chain = field?.get("filterChain");
  return {
    listener: { name: field?.text("name"), port: field?.within("portNumber", [1, 65535]) },
    chain: {
      name: chain?.text("name"),
      transportProtocol: chain?.text("transportProtocol"),
      destinationPort: chain?.within("destinationPort", [1, 65535]),
    },
    ...readFilterMatch(chain?.get("filter"), level),
  };
}

function readFilterMatch(
  field: Field | undefined,
  level: string,
): Pick<ListenerMatch, "filter" | "subFilter"> {
  const filter = field?.text("name");
  const subFilter = field?.get("subFilter");
  if (field !== undefined && filter === undefined) field.refuse("name is missing");
  if (level !== "HTTP_FILTER") subFilter?.refuse("only for applyTo: HTTP_FILTER");
  else if (filter !== connectionManager) subFilter?.refuse(`only within the filter ${connectionManager}`);
  return { filter, subFilter: subFilter?.text("name") };
}

function readValue(patch: Field | undefined, operation: FilterPatch["operation"]): { [key: string]: Json } {
  const field = patch?.get("value");
  if (operation === "REMOVE") return {};
  const value = field?.asJson();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    (field ?? patch)?.refuse("value must be a filter: {name, typed_config}");
    return {};
  }
  checkFilter(value, field, operation);
  return value;
}

const filterFields = ["name", "typed_config", "typedConfig", "is_optional", "isOptional", "disabled"];

/** Envoy itself judges the configuration; without a name and a type it would not even say whose it is. */
function checkFilter(
  value: { [key: string]: Json },
  field: Field | undefined,
  operation: FilterPatch["operation"],
): void {
  const merges = operation === "MERGE";
  const config = value.typed_config ?? value.typedConfig;
  if (typeof value.name !== "string" && !(merges && value.name === undefined))
    field?.refuse("name is missing");
  if (!isTyped(config) && !(merges && config === undefined))
    field?.refuse('typed_config with an "@type" of type.googleapis.com/… is missing');
  const unknown = Object.keys(value).filter((key) => !filterFields.includes(key));
  if (unknown.length > 0)
    field?.refuse(`unknown: ${unknown.join(", ")}; a filter has ${filterFields.join(", ")}`);
}

function isTyped(config: Json | undefined): boolean {
  if (typeof config !== "object" || config === null || Array.isArray(config)) return false;
  const type = config["@type"];
  return typeof type === "string" && type.startsWith("type.googleapis.com/");
}
