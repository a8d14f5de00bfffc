import { Reader } from "protobufjs/minimal";

import { type OtlpRequest } from "./otlp";

type Json = Record<string, unknown>;
/** Reads one field into `target`, by the field's number. */
type Fields = Record<number, (reader: Reader, target: Json) => void>;

// The field numbers are those of opentelemetry-proto 1.x, trace/v1/trace.proto and common/v1/common.proto; fields
// that nobody looks at are skipped, as are those of later versions.
function message(reader: Reader, fields: Fields): Json {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError("the message is cut short");
  return readUntil(reader, end, fields);
}

function readUntil(reader: Reader, end: number, fields: Fields): Json {
  const target: Json = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const read = fields[tag >>> 3];
    if (read === undefined) reader.skipType(tag & 7);
    else read(reader, target);
  }
  return target;
}

const single =
  (name: string, read: (reader: Reader) => unknown): Fields[number] =>
  (reader, target) =>
    void (target[name] = read(reader));

const repeated =
  (name: string, read: (reader: Reader) => unknown): Fields[number] =>
  (reader, target) => {
    const values = (target[name] ??= []) as unknown[];
    values.push(read(reader));
  };

const string = (reader: Reader): string => reader.string();
const hex = (reader: Reader): string => Buffer.from(reader.bytes()).toString("hex");
const enumeration = (reader: Reader): number => reader.int32();
/** Nanoseconds, to within a quarter of a microsecond. */
const nanos = (reader: Reader): number => reader.fixed32() + reader.fixed32() * 2 ** 32;

const scalar: Fields = {
  1: single("stringValue", string),
  2: single("boolValue", (reader) => reader.bool()),
  3: single("intValue", (reader) => Number(reader.int64().toString())),
  4: single("doubleValue", (reader) => reader.double()),
};
// An array in an array is no attribute's value: the inner one is skipped, and nothing is read without end.
const arrayValue: Fields = { 1: repeated("values", (reader) => message(reader, scalar)) };
const anyValue: Fields = {
  ...scalar,
  5: single("arrayValue", (reader) => message(reader, arrayValue)),
};

const keyValue: Fields = {
  1: single("key", string),
  2: single("value", (reader) => message(reader, anyValue)),
};
const attributes = repeated("attributes", (reader) => message(reader, keyValue));

const event: Fields = { 1: single("timeUnixNano", nanos), 2: single("name", string), 3: attributes };
const link: Fields = { 1: single("traceId", hex), 2: single("spanId", hex) };
const status: Fields = { 2: single("message", string), 3: single("code", enumeration) };
const span: Fields = {
  1: single("traceId", hex),
  2: single("spanId", hex),
  4: single("parentSpanId", hex),
  5: single("name", string),
  6: single("kind", enumeration),
  7: single("startTimeUnixNano", nanos),
  8: single("endTimeUnixNano", nanos),
  9: attributes,
  11: repeated("events", (reader) => message(reader, event)),
  13: repeated("links", (reader) => message(reader, link)),
  15: single("status", (reader) => message(reader, status)),
};
const scopeSpans: Fields = { 2: repeated("spans", (reader) => message(reader, span)) };
const resourceSpans: Fields = {
  1: single("resource", (reader) => message(reader, { 1: attributes })),
  2: repeated("scopeSpans", (reader) => message(reader, scopeSpans)),
};

/** An ExportTraceServiceRequest in the protocol's binary form. Throws where the bytes are not one. */
export function decodeProtobuf(body: Uint8Array): OtlpRequest {
  const reader = Reader.create(body);
  return readUntil(reader, body.length, {
    1: repeated("resourceSpans", (inner) => message(inner, resourceSpans)),
  });
}
