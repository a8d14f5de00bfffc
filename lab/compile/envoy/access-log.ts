import { type MeshSettings } from "../model/mesh";
import { type Json } from "../types";
import { extension, type JsonObject } from "./json";

/** Istio's default keys. */
const jsonFormat: JsonObject = {
  authority: "%REQ(:AUTHORITY)%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  connection_termination_details: "%CONNECTION_TERMINATION_DETAILS%",
  downstream_local_address: "%DOWNSTREAM_LOCAL_ADDRESS%",
  downstream_remote_address: "%DOWNSTREAM_REMOTE_ADDRESS%",
  duration: "%DURATION%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  protocol: "%PROTOCOL%",
  request_id: "%REQ(X-REQUEST-ID)%",
  requested_server_name: "%REQUESTED_SERVER_NAME%",
  response_code: "%RESPONSE_CODE%",
  response_code_details: "%RESPONSE_CODE_DETAILS%",
  response_flags: "%RESPONSE_FLAGS%",
  route_name: "%ROUTE_NAME%",
  start_time: "%START_TIME%",
  upstream_cluster: "%UPSTREAM_CLUSTER_RAW%",
  upstream_host: "%UPSTREAM_HOST%",
  upstream_local_address: "%UPSTREAM_LOCAL_ADDRESS%",
  upstream_service_time: "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
  upstream_transport_failure_reason: "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
  user_agent: "%REQ(USER-AGENT)%",
  x_forwarded_for: "%REQ(X-FORWARDED-FOR)%",
};

const textFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  "%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% " +
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" ' +
  '"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% ' +
  "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

const loggers = "envoy.extensions.access_loggers";

/** The access log of a filter as meshConfig wants it; undefined where it wants none. */
export function toAccessLog({ accessLog }: MeshSettings): JsonObject[] | undefined {
  if (accessLog === undefined) return undefined;
  const { path, encoding, format } = accessLog;
  const text = format ?? textFormat;
  const log_format: Json =
    encoding === "JSON"
      ? { json_format: format === undefined ? jsonFormat : (JSON.parse(format) as Json) }
      : { text_format_source: { inline_string: text } };
  // By its own logger, for /dev/stdout cannot be opened where the output goes to a socket, as of a child process.
  if (path === "/dev/stdout")
    return [extension("envoy.access_loggers.stdout", `${loggers}.stream.v3.StdoutAccessLog`, { log_format })];
  return [extension("envoy.access_loggers.file", `${loggers}.file.v3.FileAccessLog`, { path, log_format })];
}

/** The same for a listener, which logs only the connections that no filter chain takes. */
export function toListenerAccessLog(settings: MeshSettings): Json[] | undefined {
  return toAccessLog(settings)?.map((log) => ({
    ...log,
    filter: { response_flag_filter: { flags: ["NR"] } },
  }));
}
