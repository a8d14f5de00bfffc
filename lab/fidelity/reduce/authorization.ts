import { type Json } from "../../compile/types";
import { isObject, type JsonObject, textOf } from "./json";

/**
 * Who may do what. A laptop's listener has a port of that machine, so there the compiler answers a question for the
 * port of the request itself: `port` is what it stands for, and here istiod's question gets the same answer.
 */
export function reduceAuthorization(config: JsonObject, port: number): JsonObject {
  // Nothing where a TCP port can know nothing of what the policies ask.
  const filled = Object.entries(config).filter(
    ([key, field]) => key !== "policies" || textOf(field) !== "{}",
  );
  return Object.fromEntries(filled.map(([key, field]) => [key, answerPorts(field, port)]));
}

function answerPorts(value: Json, port: number): Json {
  if (Array.isArray(value)) return value.map((item) => answerPorts(item, port));
  if (!isObject(value)) return value;
  if (typeof value.destination_port === "number")
    return value.destination_port === port ? { any: true } : { not_rule: { any: true } };
  return reduceAuthorization(value, port);
}
