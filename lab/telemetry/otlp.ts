import { type Attributes, type Span, type SpanKind, type Value } from "./span";

type OtlpValue = {
  stringValue?: unknown;
  intValue?: unknown;
  doubleValue?: unknown;
  boolValue?: unknown;
  arrayValue?: { values?: unknown };
};
type OtlpAttribute = { key?: unknown; value?: OtlpValue };

/** A request of the OTLP protocol in its JSON form; whatever a stranger sends may be missing or of another type. */
export type OtlpRequest = { resourceSpans?: unknown };

/** What is read of a span at the most; the rest is cut off and counted. */
export const spanLimits = { value: 1_024, attributes: 64, events: 32, links: 64 };

/** Counts what was left out, by reason. */
export type Drop = (reason: string, count?: number) => void;

const kinds: SpanKind[] = ["internal", "internal", "server", "client", "producer", "consumer"];
const statusError = 2;
const arrayItems = 16;

/** Names come again and again: each is kept once. */
const internLimit = 5_000;
const interned = new Map<string, string>();

function intern(text: string): string {
  const known = interned.get(text);
  if (known !== undefined) return known;
  if (interned.size < internLimit && text.length <= 200) interned.set(text, text);
  return text;
}

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "object" && item !== null) : [];

const text = (value: unknown): string => (typeof value === "string" ? value : "");

function cut(value: string, drop: Drop): string {
  if (value.length <= spanLimits.value) return value;
  drop("value_too_long");
  // A slice of a long string would hold on to all of it.
  return Buffer.from(value.slice(0, spanLimits.value)).toString();
}

function readValue(value: OtlpValue | undefined, drop: Drop): Value {
  if (typeof value !== "object") return "";
  if (typeof value.stringValue === "string") return cut(value.stringValue, drop);
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return Number(value.doubleValue);
  if (value.boolValue !== undefined) return value.boolValue === true;
  const items = list(value.arrayValue?.values).slice(0, arrayItems);
  return cut(items.map((item) => String(readValue(item as OtlpValue, drop))).join(", "), drop);
}

function readAttributes(value: unknown, drop: Drop): Attributes {
  const all = list(value) as OtlpAttribute[];
  if (all.length > spanLimits.attributes) drop("too_many_attributes", all.length - spanLimits.attributes);
  const attributes: Attributes = {};
  for (const { key, value: given } of all.slice(0, spanLimits.attributes)) {
    // No name of Object's own: `__proto__` would not be an attribute.
    if (typeof key !== "string" || key === "" || key.length > 200 || key.startsWith("__")) continue;
    attributes[intern(key)] = readValue(given, drop);
  }
  return attributes;
}

/** Nanoseconds as the protocol writes them, text of 19 digits: too many for a number, so split. */
function readMs(nanos: unknown): number {
  if (typeof nanos === "number") return nanos / 1e6;
  const digits = text(nanos);
  if (!/^\d{7,20}$/.test(digits)) return Number.NaN;
  return Number(digits.slice(0, -6)) + Number(digits.slice(-6)) / 1e6;
}

function readKind(kind: unknown): SpanKind {
  if (typeof kind === "number") return kinds[kind] ?? "internal";
  const word = text(kind).replace("SPAN_KIND_", "").toLowerCase();
  return kinds.find((one) => one === word) ?? "internal";
}

const traceIdForm = /^(?!0{32})[0-9a-f]{32}$/;
const spanIdForm = /^(?!0{16})[0-9a-f]{16}$/;

function readLinks(value: unknown): Span["links"] {
  return list(value)
    .slice(0, spanLimits.links)
    .map((link) => ({ traceId: text(link.traceId).toLowerCase(), spanId: text(link.spanId).toLowerCase() }));
}

function readEvents(value: unknown, drop: Drop): Span["events"] {
  const all = list(value);
  if (all.length > spanLimits.events) drop("too_many_events", all.length - spanLimits.events);
  return all.slice(0, spanLimits.events).map((event) => ({
    name: intern(cut(text(event.name), drop)),
    atMs: readMs(event.timeUnixNano),
    attributes: readAttributes(event.attributes, drop),
  }));
}

/** One span; undefined, and counted, where it has no valid id or time. */
function readSpan(raw: Record<string, unknown>, service: string, drop: Drop): Span | undefined {
  const traceId = text(raw.traceId).toLowerCase();
  const spanId = text(raw.spanId).toLowerCase();
  const parentId = text(raw.parentSpanId).toLowerCase();
  const startMs = readMs(raw.startTimeUnixNano);
  const endMs = readMs(raw.endTimeUnixNano);
  if (!traceIdForm.test(traceId) || !spanIdForm.test(spanId) || !Number.isFinite(endMs - startMs)) {
    drop("malformed_span");
    return undefined;
  }
  const status = (raw.status ?? {}) as { code?: unknown; message?: unknown };
  return {
    traceId,
    spanId,
    parentId: spanIdForm.test(parentId) ? parentId : undefined,
    service,
    name: intern(cut(text(raw.name), drop)),
    kind: readKind(raw.kind),
    startMs,
    durationMs: Math.max(0, endMs - startMs),
    failed: status.code === statusError || status.code === "STATUS_CODE_ERROR",
    message: text(status.message) === "" ? undefined : cut(text(status.message), drop),
    attributes: readAttributes(raw.attributes, drop),
    events: readEvents(raw.events, drop),
    links: readLinks(raw.links),
  };
}

/** The spans of a request. What is malformed, too much or too long is left out and told to `drop`. */
export function readSpans(request: OtlpRequest, drop: Drop): Span[] {
  const spans: Span[] = [];
  for (const { resource, scopeSpans } of list(request.resourceSpans)) {
    const attributes = readAttributes((resource as { attributes?: unknown } | undefined)?.attributes, drop);
    const service = intern(String(attributes["service.name"] ?? "unknown"));
    for (const scope of list(scopeSpans)) {
      for (const raw of list(scope.spans)) {
        const span = readSpan(raw, service, drop);
        if (span !== undefined) spans.push(span);
      }
    }
  }
  return spans;
}
