import { type Reducer } from "./feature";

/** How connections to a cluster are made, kept and spoken on. */
export const reduceConnections: Reducer = (fields) =>
  fields.takeAll(
    "connect_timeout",
    "upstream_connection_options",
    "typed_extension_protocol_options",
    "per_connection_buffer_limit_bytes",
  );
