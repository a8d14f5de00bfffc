import { type HeaderOperations } from "../model/routing";
import { filled, type JsonObject } from "./json";

const isInternal = (name: string): boolean => name.startsWith(":") || name.toLowerCase() === "host";

function toAdd(headers: Record<string, string>, append_action?: string): JsonObject[] {
  return Object.entries(headers)
    .filter(([key]) => !isInternal(key))
    .map(([key, value]) => ({
      header: { key, value },
      ...(append_action !== undefined && { append_action }),
    }));
}

/** Headers that are set or removed on the way in and out; setting comes before adding. */
export function toHeaderOperations(
  operations: HeaderOperations | undefined,
): Record<string, JsonObject[] | string[] | undefined> {
  if (operations === undefined) return {};
  const { request, response } = operations;
  return {
    request_headers_to_add: filled([
      ...toAdd(request.set, "OVERWRITE_IF_EXISTS_OR_ADD"),
      ...toAdd(request.add),
    ]),
    request_headers_to_remove: filled(request.remove),
    response_headers_to_add: filled([
      ...toAdd(response.set, "OVERWRITE_IF_EXISTS_OR_ADD"),
      ...toAdd(response.add),
    ]),
    response_headers_to_remove: filled(response.remove),
  };
}
