import { isIPv4 } from "node:net";

import { type JsonObject } from "./json";

/** `10.0.0.0/8`, or an address for itself alone. */
export function toCidr(block: string): JsonObject {
  const [address = "", bits] = block.split("/");
  return {
    address_prefix: address,
    prefix_len: bits === undefined ? (isIPv4(address) ? 32 : 128) : Number(bits),
  };
}
