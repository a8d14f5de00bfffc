/** What an attribute may hold here. */
export type Value = string | number | boolean;
export type Attributes = Record<string, Value>;

export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** A span as the sink keeps it. Times are ms since 1970 with fractions. */
export type Span = {
  traceId: string;
  spanId: string;
  parentId: string | undefined;
  service: string;
  name: string;
  kind: SpanKind;
  startMs: number;
  durationMs: number;
  failed: boolean;
  /** What the status says, where it says anything. */
  message: string | undefined;
  attributes: Attributes;
  events: { name: string; atMs: number; attributes: Attributes }[];
  links: { traceId: string; spanId: string }[];
};

const objectBytes = 250;
const valueBytes = 24;

function attributesBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const name in attributes) {
    const value = attributes[name];
    bytes += valueBytes + (typeof value === "string" ? 2 * value.length : 8);
  }
  return bytes;
}

/** About how much memory a span takes; rather more than less. Names of attributes are shared by all spans. */
export function bytesOf(span: Span): number {
  let bytes = 2 * objectBytes + 200 + 2 * (span.message?.length ?? 0) + attributesBytes(span.attributes);
  for (const event of span.events) bytes += objectBytes + attributesBytes(event.attributes);
  return bytes + span.links.length * 200;
}
