import { type PatchContext } from "../model/extensions";
import { type OwnedPatch } from "../model/proxy";
import { type Json } from "../types";
import { connectionManagerName } from "./connection-manager";
import { type Context, note } from "./context";
import { type JsonObject } from "./json";
import { merge } from "./merge";

/** What a patch may match of a listener. Its names are those that it has on a cluster. */
export type PatchTarget = { context: PatchContext; names: string[]; port: number };

type Filter = JsonObject & { name: string };
type FilterChain = JsonObject & { filters: Filter[] };

/** Applies EnvoyFilters to a listener, in place: first what is put in or taken out, then what is merged, as Istio does. */
export function patchListener(context: Context, listener: JsonObject, target: PatchTarget): void {
  const patches = context.proxy.patches.filter((patch) => matchesListener(patch, target));
  if (patches.length === 0) return;
  for (const chain of listener.filter_chains as FilterChain[]) {
    const fitting = patches.filter((patch) => matchesChain(patch, chain, target));
    const network = fitting.filter(({ level }) => level === "network");
    chain.filters = patchList(context, chain.filters, { patches: network, nameOf: ({ filter }) => filter });
    for (const manager of chain.filters.filter(({ name }) => name === connectionManagerName)) {
      const config = manager.typed_config as JsonObject;
      // A patch of the manager itself may have left something else there, which Envoy will refuse.
      if (!Array.isArray(config.http_filters)) continue;
      const http = fitting.filter(
        ({ level, filter }) => level === "http" && (filter ?? manager.name) === manager.name,
      );
      config.http_filters = patchList(context, config.http_filters as Filter[], {
        patches: http,
        nameOf: ({ subFilter }) => subFilter,
      });
    }
  }
}

function matchesListener({ context, listener }: OwnedPatch, target: PatchTarget): boolean {
  return (
    (context === "ANY" || context === target.context) &&
    (listener.port === undefined || listener.port === target.port) &&
    (listener.name === undefined || target.names.includes(listener.name))
  );
}

function matchesChain(
  { chain }: OwnedPatch,
  { name, filter_chain_match }: FilterChain,
  { port }: PatchTarget,
): boolean {
  const match = (filter_chain_match ?? {}) as JsonObject;
  return (
    (chain.name === undefined || chain.name === name) &&
    (chain.transportProtocol === undefined || chain.transportProtocol === match.transport_protocol) &&
    (chain.destinationPort === undefined || chain.destinationPort === port)
  );
}

type ListOptions = { patches: OwnedPatch[]; nameOf: (patch: OwnedPatch) => string | undefined };

function patchList(context: Context, filters: Filter[], { patches, nameOf }: ListOptions): Filter[] {
  let result = filters;
  for (const patch of patches.filter(({ operation }) => operation !== "MERGE")) {
    const changed = applyPatch(result, patch, nameOf(patch));
    if (changed === undefined) continue;
    const inserted = changed.find((filter) => !result.includes(filter));
    result = changed;
    applied(context, patch, inserted === undefined ? "" : occurrence(result, inserted));
  }
  for (const patch of patches.filter(({ operation }) => operation === "MERGE"))
    result = result.map((filter) => {
      const wanted = nameOf(patch);
      if (wanted !== undefined && wanted !== filter.name) return filter;
      applied(context, patch, occurrence(result, filter));
      return mergeFilter(filter, patch.value);
    });
  return result;
}

/** The name of a filter in its list, `name#2` for the second of that name: a fault stands beside Istio's own. */
export function occurrence(filters: { name?: Json }[], filter: { name?: Json }): string {
  const alike = filters.filter(({ name }) => name === filter.name);
  const number = alike.indexOf(filter) + 1;
  return `${String(filter.name)}${number > 1 ? `#${String(number)}` : ""}`;
}

function applied(context: Context, patch: OwnedPatch, filter: string): void {
  context.applied.add(patchKey(patch));
  const direction = patch.context === "SIDECAR_OUTBOUND" ? "outbound" : "inbound";
  if (filter !== "") note(context, `filter ${direction}/${filter}`, patch.origin);
}

/** Which patch it is, over all proxies. */
export const patchKey = ({ origin }: OwnedPatch): string => `${origin.file}:${String(origin.line)}`;

/** The list with the patch applied; undefined where it has no place. */
function applyPatch(
  filters: Filter[],
  { operation, value }: OwnedPatch,
  wanted: string | undefined,
): Filter[] | undefined {
  const filter = structuredClone(value) as Filter;
  if (wanted === undefined)
    return operation === "REMOVE" || operation === "REPLACE" ? undefined : atEnd(filters, filter, operation);
  if (operation === "ADD" || operation === "INSERT_FIRST") return atEnd(filters, filter, operation);
  const index = filters.findIndex(({ name }) => name === wanted);
  if (index < 0) return undefined;
  switch (operation) {
    case "INSERT_BEFORE":
      return filters.toSpliced(index, 0, filter);
    case "INSERT_AFTER":
      return filters.toSpliced(index + 1, 0, filter);
    case "REPLACE":
      return filters.with(index, filter);
    case "REMOVE":
      return filters.filter(({ name }) => name !== wanted);
    case "MERGE":
      return undefined;
  }
}

/** Before or after nothing in particular means before or after all. */
function atEnd(filters: Filter[], filter: Filter, operation: OwnedPatch["operation"]): Filter[] {
  return operation.startsWith("INSERT_") && operation !== "INSERT_AFTER"
    ? [filter, ...filters]
    : [...filters, filter];
}

function mergeFilter(filter: Filter, value: { [key: string]: Json }): Filter {
  const { name, ...rest } = value;
  return { ...(merge(filter, rest) as Filter), name: typeof name === "string" ? name : filter.name };
}
