import { gzipSync } from "node:zlib";

import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";

import { type HttpServer, listenHttp } from "../../lib/http-listen";
import { waitFor } from "../../test/support/wait-for";
import { createForwarder, parseHeaders } from "./forward";
import { createSink, type SinkStats } from "./sink";
import { type Span } from "./span";

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

async function listen(options: Partial<Parameters<typeof createSink>[0]> = {}): Promise<string> {
  const server = await listenHttp(createSink({ limitBytes: 10_000_000, ...options }), {
    host: "127.0.0.1",
    port: 0,
  });
  servers.push(server);
  return server.url;
}

const traceId = "0af7651916cd43dd8448eb211c80319c";

function request(span: Record<string, unknown> = {}): string {
  const attributes = [
    { key: "symphony.order.id", value: { stringValue: "order-1" } },
    { key: "count", value: { intValue: "3" } },
    { key: "ratio", value: { doubleValue: 0.5 } },
    { key: "good", value: { boolValue: true } },
    { key: "many", value: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } } },
  ];
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "order" } }] },
        scopeSpans: [
          {
            spans: [
              {
                traceId,
                spanId: "b7ad6b7169203331",
                name: "POST /orders",
                kind: 2,
                startTimeUnixNano: "1732390000123456789",
                endTimeUnixNano: "1732390000173456789",
                attributes,
                status: { code: 2, message: "no" },
                ...span,
              },
            ],
          },
        ],
      },
    ],
  });
}

async function post(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<number> {
  const response = await fetch(`${url}/v1/traces`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
  return response.status;
}

const stats = async (url: string): Promise<SinkStats> =>
  (await (await fetch(`${url}/stats`)).json()) as SinkStats;
const find = async (url: string, id: string): Promise<Span[][]> =>
  ((await (await fetch(`${url}/traces?id=${id}`)).json()) as { traces: Span[][] }).traces;

test.each([
  ["plain", (text: string) => text, {}],
  ["gzip", (text: string) => gzipSync(text), { "content-encoding": "gzip" }],
])("a span in JSON, %s, is found by its trace and its order", async (_name, encode, headers) => {
  const url = await listen();
  expect(await post(url, encode(request()), headers)).toBe(200);
  const expected = expect.objectContaining({
    service: "order",
    name: "POST /orders",
    kind: "server",
    startMs: expect.closeTo(1732390000123.456, 2),
    durationMs: expect.closeTo(50, 2),
    failed: true,
    message: "no",
    attributes: { "symphony.order.id": "order-1", count: 3, ratio: 0.5, good: true, many: "a, b" },
  });
  expect(await find(url, traceId)).toEqual([[expected]]);
  expect(await find(url, "order-1")).toEqual([[expected]]);
});

test("what the SDK's exporter sends in protobuf arrives whole", async () => {
  const url = await listen();
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "payment" }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer("test");
  const linked = { traceId, spanId: "b7ad6b7169203331", traceFlags: 1 };
  const attributes = { text: "ü", whole: -7, ratio: 0.25, yes: true, list: ["a", "b"] };
  const startTime = 1_732_390_000_123.5;
  const span = tracer.startSpan("work", {
    kind: SpanKind.CONSUMER,
    attributes,
    links: [{ context: linked }],
    startTime,
  });
  span.addEvent("exception", { "exception.type": "Error" }, startTime + 1);
  span.setStatus({ code: SpanStatusCode.ERROR, message: "bad" });
  span.end(startTime + 20);
  await provider.forceFlush();
  const body = Buffer.from(ProtobufTraceSerializer.serializeRequest(exporter.getFinishedSpans()) ?? "");
  expect(await post(url, body, { "content-type": "application/x-protobuf" })).toBe(200);
  expect(await find(url, span.spanContext().traceId)).toEqual([
    [
      {
        ...{ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId },
        service: "payment",
        name: "work",
        kind: "consumer",
        startMs: expect.closeTo(startTime, 2),
        durationMs: expect.closeTo(20, 2),
        failed: true,
        message: "bad",
        attributes: { ...attributes, list: "a, b" },
        events: [
          {
            name: "exception",
            atMs: expect.closeTo(startTime + 1, 2),
            attributes: { "exception.type": "Error" },
          },
        ],
        links: [{ traceId, spanId: "b7ad6b7169203331" }],
      },
    ],
  ]);
});

describe("bad input is bounded, counted and does not end the sink", () => {
  const attribute = (size: number) => [{ key: "text", value: { stringValue: "x".repeat(size) } }];
  test.each([
    ["no JSON", "{", {}, 400, "malformed_request"],
    ["null", "null", {}, 400, "malformed_request"],
    [
      "cut short protobuf",
      "\u000a\u00ff\u0001",
      { "content-type": "application/x-protobuf" },
      400,
      "malformed_request",
    ],
    ["another format", "x", { "content-type": "text/plain" }, 415, "unknown_format"],
    ["no gzip", "x", { "content-encoding": "gzip" }, 400, "malformed_request"],
    [
      "a gzip bomb",
      gzipSync(Buffer.alloc(50_000_000)),
      { "content-encoding": "gzip" },
      413,
      "request_too_large",
    ],
    ["a span without id", request({ spanId: "" }), {}, 200, "malformed_span"],
    ["a trace id of zeros", request({ traceId: "0".repeat(32) }), {}, 200, "malformed_span"],
    ["a span without end", request({ endTimeUnixNano: "soon" }), {}, 200, "malformed_span"],
    ["an attribute of 1 MB", request({ attributes: attribute(1_000_000) }), {}, 200, "value_too_long"],
    ["200 events", request({ events: Array(200).fill({ name: "e" }) }), {}, 200, "too_many_events"],
    [
      "200 attributes",
      request({ attributes: Array(200).fill({ key: "a", value: {} }) }),
      {},
      200,
      "too_many_attributes",
    ],
  ])("%s", async (_name, body, headers, status, reason) => {
    const url = await listen();
    expect(await post(url, body, headers as Record<string, string>)).toBe(status);
    expect((await stats(url)).dropped).toEqual({ [reason]: expect.any(Number) });
    expect(await post(url, request({ spanId: "b7ad6b7169203332" }))).toBe(200);
  });

  test("an attribute of 10 MB is turned away", async () => {
    const url = await listen();
    // The sink may close the connection while the body is still on its way.
    await post(url, request({ attributes: attribute(10_000_000) })).catch(() => undefined);
    expect((await stats(url)).dropped).toEqual({ request_too_large: 1 });
  });

  test("fields of another type than theirs are ignored", async () => {
    const url = await listen();
    const odd = {
      name: 7,
      kind: "SPAN_KIND_CLIENT",
      attributes: { a: 1 },
      events: "none",
      links: [null],
      status: 3,
    };
    expect(await post(url, request(odd))).toBe(200);
    expect(await find(url, traceId)).toMatchObject([
      [{ name: "", kind: "client", attributes: {}, failed: false }],
    ]);
  });
});

test("a flood keeps the newest within the bound", async () => {
  const url = await listen({ limitBytes: 200_000 });
  for (let index = 0; index < 300; index += 1) {
    const id = (index + 1).toString(16).padStart(32, "0");
    await post(url, request({ traceId: id, status: {} }));
  }
  const { bytes, evicted, received } = await stats(url);
  expect(received).toBe(300);
  expect(evicted).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(200_000);
});

describe("forwarding", () => {
  test("another backend gets the same bytes, with its own headers", async () => {
    const backend = await listen();
    const headers = parseHeaders("authorization=Bearer%20abc, x = y");
    expect(headers).toEqual({ authorization: "Bearer abc", x: "y" });
    const url = await listen({ connect: (drop) => createForwarder(`${backend}/v1/traces`, headers, drop) });
    await post(url, request());
    const there = await waitFor(async () => (await find(backend, traceId))[0], {
      what: "the span at the backend",
    });
    expect([there]).toEqual(await find(url, traceId));
  });

  test("a backend that is dead costs what could not be sent, and nothing here", async () => {
    const url = await listen({
      connect: (drop) => createForwarder("http://127.0.0.1:9/v1/traces", {}, drop),
    });
    expect(await post(url, request())).toBe(200);
    await waitFor(async () => (await stats(url)).dropped.forward_failed === 1, { what: "the count" });
  });

  test("a backend that never answers costs what does not fit into the queue, and nothing here", async () => {
    const silent = await listenHttp(() => undefined, { host: "127.0.0.1", port: 0 });
    servers.push(silent);
    const url = await listen({ connect: (drop) => createForwarder(silent.url, {}, drop) });
    const large = request({ attributes: [{ key: "text", value: { stringValue: "x".repeat(2_000_000) } }] });
    for (let index = 0; index < 4; index += 1) expect(await post(url, large)).toBe(200);
    expect((await stats(url)).dropped.forward_queue_full).toBe(1);
  });
});
