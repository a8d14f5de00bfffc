import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { headers as createHeaders } from "nats";

import { AppError } from "./errors";
import { createEventSpans, replayedHeader } from "./event-span";
import { type Delivery } from "./pull";
import { failSpan, inSpan, markTracing, prepareTelemetry } from "./telemetry";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const exporter = new InMemorySpanExporter();

beforeAll(() => {
  prepareTelemetry();
  markTracing({ flush: () => Promise.resolve() });
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
  );
});
beforeEach(() => exporter.reset());

function deliver(attempt: number, extra: Record<string, string> = {}): Delivery {
  const headers = createHeaders();
  const all = {
    traceparent: `00-${traceId}-${spanId}-01`,
    "ce-id": "id",
    "ce-correlationid": "talk",
    ...extra,
  };
  for (const [name, value] of Object.entries(all)) headers.set(name, value);
  const nothing = (): void => undefined;
  return {
    subject: "order.created",
    headers,
    data: new Uint8Array(),
    attempt,
    streamSeq: 7,
    ack: nothing,
    nak: nothing,
    term: nothing,
  };
}

test("a delivery's span is below the one that published the event, without links", () => {
  const spans = createEventSpans("audit");
  spans.end(spans.start(deliver(1)), deliver(1), "handled");
  const [span] = exporter.getFinishedSpans();
  expect(span).toMatchObject({
    name: "process order.created",
    parentSpanContext: { traceId, spanId },
    links: [],
    attributes: {
      "messaging.consumer.group.name": "audit",
      "messaging.message.id": "id",
      "messaging.message.conversation_id": "talk",
      "symphony.delivery.attempt": 1,
      "symphony.outcome": "handled",
    },
  });
});

test("a redelivery links to the attempt before it and to the event's own span", () => {
  const spans = createEventSpans("audit");
  const first = spans.start(deliver(1));
  spans.end(first, deliver(1), "retried");
  spans.end(spans.start(deliver(2)), deliver(2), "handled");
  const [, second] = exporter.getFinishedSpans();
  expect(second?.links.map(({ context }) => context.spanId)).toEqual([
    first.span.spanContext().spanId,
    spanId,
  ]);
  expect(second?.spanContext().traceId).toBe(traceId);
});

test("a dead letter that was published again says so", () => {
  const spans = createEventSpans("audit");
  const again = deliver(1, { [replayedHeader]: "2026-01-01T00:00:00Z" });
  spans.end(spans.start(again), again, "handled");
  expect(exporter.getFinishedSpans()[0]?.attributes["symphony.replayed"]).toBe(true);
});

describe("what a span tells of an error", () => {
  const told = async (error: unknown) => {
    await inSpan("work", {}, () => Promise.reject(error)).catch(() => undefined);
    return exporter.getFinishedSpans()[0];
  };

  test("our own errors are told whole", async () => {
    const span = await told(new AppError("peer.timeout", "payment did not answer in time"));
    expect(span?.attributes["error.type"]).toBe("peer.timeout");
    expect(span?.status.message).toBe("payment did not answer in time");
  });

  test.each([
    [Object.assign(new Error("invalid input: marker"), { code: "22P02" }), "22P02"],
    [new TypeError("marker\nand a second line: marker"), "TypeError"],
    ["marker", "string"],
  ])("of %p only the kind and the place, never the message", async (error, type) => {
    const span = await told(error);
    expect(span?.attributes["error.type"]).toBe(type);
    expect(JSON.stringify([span?.events, span?.status, span?.attributes])).not.toContain("marker");
  });
});

test("a span that is not recorded takes no error", () => {
  const span = trace.wrapSpanContext({ traceId, spanId, traceFlags: 0 });
  expect(() => failSpan(span, new Error("no"))).not.toThrow();
});
