import { toAccessLog } from "./access-log";
import { type Context } from "./context";
import { extension, type JsonObject } from "./json";

/** Passes bytes on to a cluster. */
export function toTcpProxy({ proxy }: Context, cluster: string): JsonObject {
  return extension(
    "envoy.filters.network.tcp_proxy",
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    {
      stat_prefix: cluster,
      cluster,
      access_log: toAccessLog(proxy.settings),
    },
  );
}
