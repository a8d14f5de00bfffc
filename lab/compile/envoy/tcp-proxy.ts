import { type TcpConnections } from "../model/proxy";
import { toAccessLog } from "./access-log";
import { type Context } from "./context";
import { extension, type JsonObject } from "./json";

/** Passes bytes on to a cluster. `connections` is what its host's rule says of those that come in. */
export function toTcpProxy({ proxy }: Context, cluster: string, connections?: TcpConnections): JsonObject {
  const { pool, hash } = connections ?? {};
  return extension(
    "envoy.filters.network.tcp_proxy",
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    {
      stat_prefix: cluster,
      cluster,
      idle_timeout: pool?.tcpIdleTimeout,
      max_downstream_connection_duration: pool?.maxConnectionDuration,
      hash_policy: hash?.kind === "source-ip" ? [{ source_ip: {} }] : undefined,
      access_log: toAccessLog(proxy.settings),
    },
  );
}
