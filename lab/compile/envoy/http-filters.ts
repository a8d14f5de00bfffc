import { type Context } from "./context";
import { extension, type JsonObject } from "./json";
import { toJwtAuthentication } from "./jwt";
import { toHttpAuthorization } from "./rbac";

/** Where a chain of HTTP filters stands. */
export type Chain = { direction: "inbound" | "outbound" | "ingress"; port: number };

type FilterSource = (context: Context, chain: Chain) => JsonObject[];

const constant =
  (name: string, type: string, fields: JsonObject = {}): FilterSource =>
  () => [extension(name, type, fields)];

/** Who may call is asked where a request comes in, and never where one goes out. */
const atTheDoor =
  (source: FilterSource): FilterSource =>
  (context, chain) =>
    chain.direction === "outbound" ? [] : source(context, chain);

/** Every HTTP filter, in the one order that is right. */
const order: FilterSource[] = [
  // Tokens first: authorization asks for what they say.
  atTheDoor(toJwtAuthentication),
  // Before everything that does work for a request: who may not call gets nothing done.
  atTheDoor((context, { port }) => toHttpAuthorization(context, port)),
  // Counts what got through, before faults are put in.
  constant("envoy.filters.http.grpc_stats", "envoy.extensions.filters.http.grpc_stats.v3.FilterConfig", {
    emit_filter_state: true,
    stats_for_all_methods: false,
  }),
  // Without settings of its own: each route has its fault.
  constant("envoy.filters.http.fault", "envoy.extensions.filters.http.fault.v3.HTTPFault"),
  // Without settings of its own: each route has its policy. After authorization, as in Istio, which lets preflights by.
  constant("envoy.filters.http.cors", "envoy.extensions.filters.http.cors.v3.Cors"),
  // Last by definition: it sends the request on.
  constant("envoy.filters.http.router", "envoy.extensions.filters.http.router.v3.Router"),
];

/** The HTTP filters of a chain. */
export function toHttpFilters(context: Context, chain: Chain): JsonObject[] {
  return order.flatMap((source) => source(context, chain));
}
