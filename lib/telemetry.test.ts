import { trace } from "@opentelemetry/api";

import {
  ensureTrace,
  extractTrace,
  injectTrace,
  inSpan,
  prepareTelemetry,
  runInTrace,
  startSpan,
} from "./telemetry";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

beforeAll(() => prepareTelemetry());

test.each(["00", "01"])("a traceparent with flags %s goes in and out unchanged", async (flags) => {
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  const carried = await runInTrace(extractTrace({ traceparent }), async () => {
    await Promise.resolve();
    return inSpan("work", {}, async () => injectTrace({}));
  });
  expect(carried).toEqual({ traceparent });
});

test("a later version with more fields is understood", () => {
  const context = extractTrace({ traceparent: `cc-${traceId}-${spanId}-01-more` });
  expect(trace.getSpanContext(context)).toMatchObject({ traceId, spanId });
});

test.each([
  "",
  "nonsense",
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `ff-${traceId}-${spanId}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId}-${spanId}`,
])("a malformed traceparent (%j) is ignored", (traceparent) => {
  expect(trace.getSpanContext(extractTrace({ traceparent }))).toBeUndefined();
});

test("without a trace a call gets a new one, which travels on", () => {
  const traceOf = () => injectTrace<Record<string, string>>({}, startSpan("work", {}).active).traceparent;
  expect(traceOf()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  expect(traceOf()).not.toBe(traceOf());
});

test("ensureTrace keeps a trace that is there", () => {
  const context = extractTrace({ traceparent: `00-${traceId}-${spanId}-01` });
  expect(ensureTrace(context)).toBe(context);
});

test("inSpan throws on what its work throws", async () => {
  await expect(inSpan("work", {}, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});
