import { isIPv6 } from "node:net";

/** The addresses a request came through, the client first. */
export type Forwarded = { client: string; chain: string[] };

function plain(address: string): string {
  const trimmed = address.trim();
  return trimmed.startsWith("::ffff:") && trimmed.includes(".") ? trimmed.slice("::ffff:".length) : trimmed;
}

/**
 * Who the client is, where `hops` trusted proxies stand in front and each appended its peer to
 * X-Forwarded-For. What stands further left was written by the client and says nothing.
 */
export function forwardedFor(options: {
  remoteAddress: string | undefined;
  header: string | undefined;
  hops: number;
}): Forwarded {
  const { remoteAddress = "", header, hops } = options;
  const named = header === undefined || hops === 0 ? [] : header.split(",").map(plain);
  const chain = [...named.slice(-hops), plain(remoteAddress)].filter((address) => address !== "");
  return { client: chain[0] ?? "unknown", chain };
}

/**
 * What limits count by. One IPv6 customer has a whole /64, so its first four groups are the client; an IPv4
 * address stands for itself.
 */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(8 - left.length - right.length, 0)).fill("0");
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
