import { type Address, type Json } from "../types";

/** An address in Envoy's notation: a socket or a pipe. */
export function toAddress(address: Address): Json {
  if ("pipe" in address) return { pipe: { path: address.pipe } };
  return { socket_address: { address: address.host, port_value: address.port } };
}
