import { addressKey, forwardedFor } from "./client-address";

test.each([
  ["nothing in front", "9.9.9.9", "1.1.1.1", 0, "9.9.9.9", ["9.9.9.9"]],
  ["an ingress", "10.0.0.1", "1.1.1.1", 1, "1.1.1.1", ["1.1.1.1", "10.0.0.1"]],
  [
    "an ingress, and a client that lies",
    "10.0.0.1",
    "6.6.6.6, 1.1.1.1",
    1,
    "1.1.1.1",
    ["1.1.1.1", "10.0.0.1"],
  ],
  [
    "two proxies",
    "10.0.0.1",
    "6.6.6.6, 1.1.1.1, 10.0.0.2",
    2,
    "1.1.1.1",
    ["1.1.1.1", "10.0.0.2", "10.0.0.1"],
  ],
  ["an ingress that named nobody", "10.0.0.1", undefined, 1, "10.0.0.1", ["10.0.0.1"]],
  ["IPv4 in IPv6", "::ffff:9.9.9.9", undefined, 0, "9.9.9.9", ["9.9.9.9"]],
  ["a connection that is gone", undefined, undefined, 0, "unknown", []],
])("%s", (_name, remoteAddress, header, hops, client, chain) => {
  expect(forwardedFor({ remoteAddress, header, hops })).toEqual({ client, chain });
});

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["unknown", "unknown"],
])("%s is counted as %s", (address, key) => {
  expect(addressKey(address)).toBe(key);
});
