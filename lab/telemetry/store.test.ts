import fc from "fast-check";

import { bytesOf, type Span } from "./span";
import { TraceStore } from "./store";

function spanOf(trace: number, span: number, rest: Partial<Span> = {}): Span {
  return {
    traceId: trace.toString(16).padStart(32, "0"),
    spanId: span.toString(16).padStart(16, "0"),
    parentId: undefined,
    service: "order",
    name: "POST /orders",
    kind: "server",
    startMs: trace,
    durationMs: 1,
    failed: false,
    message: undefined,
    attributes: {},
    events: [],
    links: [],
    ...rest,
  };
}

const arbitrarySpan = fc
  .record({
    trace: fc.integer({ min: 1, max: 60 }),
    span: fc.integer({ min: 1, max: 20 }),
    durationMs: fc.integer({ min: 0, max: 5_000 }),
    failed: fc.boolean(),
    order: fc.integer({ min: 0, max: 20 }),
    size: fc.integer({ min: 0, max: 1_024 }),
    events: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ trace, span, durationMs, failed, order, size, events }) =>
    spanOf(trace, span, {
      durationMs,
      failed,
      attributes: { "symphony.order.id": `order-${String(order)}`, text: "x".repeat(size) },
      events: Array.from({ length: events }, () => ({ name: "exception", atMs: 0, attributes: { a: "b" } })),
    }),
  );

test("whatever comes, the store stays within its bound, and its counts agree with what it holds", () => {
  fc.assert(
    fc.property(
      fc.array(arbitrarySpan, { maxLength: 400 }),
      fc.integer({ min: 10_000, max: 60_000 }),
      (spans, limit) => {
        const store = new TraceStore(limit);
        for (const span of spans) {
          store.add(span);
          expect(store.bytes).toBeLessThanOrEqual(limit);
        }
        const held = store.newest(Infinity);
        const { traces, spans: count, bytes } = store.stats();
        expect(Object.values(traces).reduce((sum, of) => sum + of, 0)).toBe(held.length);
        expect(held.flat()).toHaveLength(count);
        expect(held.flat().reduce((sum, span) => sum + bytesOf(span), 0)).toBeLessThanOrEqual(bytes);
        for (let order = 0; order <= 20; order += 1) {
          for (const found of store.find(`order-${String(order)}`))
            expect(
              found.some(({ attributes }) => attributes["symphony.order.id"] === `order-${String(order)}`),
            ).toBe(true);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("failed and slow traces and a sample of the rest outlive the others", () => {
  const store = new TraceStore(400_000);
  for (let trace = 1; trace <= 4_000; trace += 1) {
    const special = trace <= 3_000 && trace % 100 === 0;
    store.add(spanOf(trace, 1, { failed: special && trace % 200 === 0, durationMs: special ? 900 : 10 }));
  }
  const { traces } = store.stats();
  // 15 failed and about as many slow ones are among the first 3,000; of the ordinary ones the newest are left.
  expect(traces.failed).toBe(15);
  expect(traces.slow).toBeGreaterThan(10);
  expect(traces.sampled).toBeGreaterThan(30);
  expect(store.find((4_000).toString(16).padStart(32, "0"))).toHaveLength(1);
  expect(store.find((101).toString(16).padStart(32, "0"))).toHaveLength(0);
});

test("a storm of failures leaves room for the others", () => {
  const store = new TraceStore(300_000);
  for (let trace = 1; trace <= 1_000; trace += 1) store.add(spanOf(trace, 1, { failed: trace % 20 !== 0 }));
  const { traces } = store.stats();
  expect(traces.recent + traces.sampled).toBeGreaterThan(30);
});

test("a trace is found by its id, its order and its conversation", () => {
  const store = new TraceStore(100_000);
  store.add(spanOf(1, 1, { attributes: { "symphony.correlation.id": "talk" } }));
  store.add(spanOf(1, 2, { attributes: { "symphony.order.id": "order-1" }, startMs: 0 }));
  store.add(spanOf(2, 1, { attributes: { "messaging.message.conversation_id": "talk" } }));
  expect(store.find((1).toString(16).padStart(32, "0"))[0]?.map(({ startMs }) => startMs)).toEqual([0, 1]);
  expect(store.find("order-1")).toHaveLength(1);
  expect(store.find("talk")).toHaveLength(2);
  expect(store.find("nobody")).toEqual([]);
});

test.each([
  ["a span that comes twice", () => [spanOf(1, 1), spanOf(1, 1)], "duplicate_span"],
  [
    "a trace without end",
    () => Array.from({ length: 2_001 }, (_, index) => spanOf(1, index + 1)),
    "too_many_spans",
  ],
])("%s is dropped and counted", (_name, spans, reason) => {
  const dropped: string[] = [];
  const store = new TraceStore(100_000_000, (why) => dropped.push(why));
  for (const span of spans()) store.add(span);
  expect(dropped).toEqual([reason]);
});
