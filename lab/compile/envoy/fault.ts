import { type Fault } from "../model/routing";
import { compact, type JsonObject, typed } from "./json";
import { toMillionths } from "./percent";

/** A route's fault: some requests wait, some are answered without being sent. */
export function toFault({ delay, abort }: Fault): JsonObject {
  return typed("envoy.extensions.filters.http.fault.v3.HTTPFault", {
    delay: delay && { fixed_delay: delay.fixed, percentage: toMillionths(delay.percent) },
    abort:
      abort &&
      compact({
        ...("http" in abort.status ? { http_status: abort.status.http } : { grpc_status: abort.status.grpc }),
        percentage: abort.percent === undefined ? undefined : toMillionths(abort.percent),
      }),
  });
}
