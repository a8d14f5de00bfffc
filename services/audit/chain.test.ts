import fc from "fast-check";

import { sensitiveFields } from "../../lib/events";
import { canonicalJson, withoutFields } from "./canonical";
import { type Entry, extend, findBreak, genesis, type Link, toMicros } from "./chain";

const entry = (number: number): Entry => ({
  eventId: `01930000-0000-7000-8000-00000000000${number}`,
  name: "order.created",
  orderId: "01930000-0000-7000-8000-000000000000",
  correlationId: "c-1",
  occurredAtMicros: 1_000 * number,
  recordedAtMicros: 2_000 * number,
  data: { quantity: number, lines: [{ b: 1, a: null }] },
});
const chain = () => extend(genesis, [1, 2, 3, 4].map(entry));

test("links follow each other from the genesis", () => {
  const links = chain();
  expect(links.map((link) => link.seq)).toEqual([1, 2, 3, 4]);
  expect(links[0]?.prevHash).toEqual(genesis.hash);
  expect(links[2]?.prevHash).toEqual(links[1]?.hash);
  expect(findBreak(genesis, links)).toBeUndefined();
});

test("two batches make the same chain as one", () => {
  const [first, second] = [extend(genesis, [1, 2].map(entry)), [3, 4].map(entry)];
  expect([...first, ...extend(first[1]!, second)]).toEqual(chain());
});

const change = (index: number, changed: Partial<Link>) => {
  const links = chain();
  links[index] = { ...links[index]!, ...changed };
  return links;
};

test.each<[string, Link[], number, string]>([
  ["changed data", change(1, { data: { quantity: 99 } }), 2, "content"],
  ["a changed name", change(0, { name: "order.cancelled" }), 1, "content"],
  ["a changed time", change(2, { occurredAtMicros: 1 }), 3, "content"],
  ["a changed order", change(2, { orderId: "01930000-0000-7000-8000-000000000001" }), 3, "content"],
  ["a changed hash", change(1, { hash: Buffer.alloc(32) }), 2, "content"],
  ["a changed prev_hash", change(1, { prevHash: Buffer.alloc(32) }), 2, "row before"],
  [
    "a row that was changed and hashed anew",
    change(1, extend(chain()[0]!, [{ ...entry(2), data: {} }])[0]!),
    3,
    "row before",
  ],
  ["a removed row", chain().filter((link) => link.seq !== 2), 2, "missing"],
  ["a removed first row", chain().slice(1), 1, "missing"],
  ["a row twice", [...chain().slice(0, 2), ...chain().slice(1)], 3, "missing"],
])("finds %s", (_name, links, brokenAt, reason) => {
  expect(findBreak(genesis, links)).toEqual({ brokenAt, reason: expect.stringContaining(reason) });
});

test("canonical JSON does not depend on the order of keys", () => {
  expect(canonicalJson({ b: [1, { d: 1, c: undefined }], a: "ü\n" })).toBe('{"a":"ü\\n","b":[1,{"d":1}]}');
  expect(canonicalJson({ a: [undefined] })).toBe('{"a":[null]}');
});

test("canonical JSON is the same after a round trip", () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (value) => canonicalJson(JSON.parse(canonicalJson(value))) === canonicalJson(value),
    ),
  );
});

test("sensitive fields go at any depth, and text becomes what Postgres can hold", () => {
  const data = {
    email: "a@b.c",
    address: { city: "x" },
    lines: [{ payment_token: "tok_ok", note: "a\0b\ud800" }],
    quantity: 1,
  };
  expect(withoutFields(data, sensitiveFields)).toEqual({ lines: [{ note: "a\ufffdb\ufffd" }], quantity: 1 });
});

test.each([
  ["2026-01-01T00:00:00.123Z", 1_767_225_600_123_000],
  ["1969-01-01T00:00:00Z", 0],
  ["9999-01-01T00:00:00Z", Number.MAX_SAFE_INTEGER],
])("%s in microseconds", (time, micros) => {
  expect(toMicros(new Date(time))).toBe(micros);
});
