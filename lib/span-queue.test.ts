import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace-base";

import { SpanQueue, type SpanQueueOptions } from "./span-queue";
import { droppedTelemetry } from "./trace-context";

const ok = 0;
const failed = 1;

function droppedSpans(reason: string): number {
  return [...droppedTelemetry()].find((entry) => entry.reason === reason)?.count ?? 0;
}

/** A provider whose spans go to a backend that answers what the test says, when it says so. */
function connect(options: SpanQueueOptions) {
  const calls: { spans: ReadableSpan[]; answer(code: number): void }[] = [];
  const exporter: SpanExporter = {
    export: (spans, done) => void calls.push({ spans, answer: (code) => done({ code }) }),
    shutdown: () => Promise.resolve(),
  };
  const queue = new SpanQueue(exporter, options);
  const tracer = new BasicTracerProvider({ spanProcessors: [queue] }).getTracer("test");
  const end = (count: number): void => {
    for (let index = 0; index < count; index += 1) tracer.startSpan("work", { root: true }).end();
  };
  return { queue, calls, end };
}

test("spans go out in batches, one export at a time", async () => {
  const { queue, calls, end } = connect({ batch: 2, delayMs: 60_000 });
  end(3);
  const flushed = queue.forceFlush();
  await Promise.resolve();
  expect(calls.map(({ spans }) => spans.length)).toEqual([2]);
  calls[0]?.answer(ok);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls.map(({ spans }) => spans.length)).toEqual([2, 1]);
  calls[1]?.answer(ok);
  await flushed;
});

test("what a slow backend leaves behind is held up to the limit, then dropped and counted", async () => {
  const before = droppedSpans("queue_full");
  const { queue, calls, end } = connect({ batch: 2, limit: 5, delayMs: 60_000 });
  end(2);
  const flushed = queue.forceFlush();
  end(8);
  expect(droppedSpans("queue_full") - before).toBe(3);
  for (let index = 0; index < 4; index += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    calls[index]?.answer(ok);
  }
  await flushed;
  expect(calls.flatMap(({ spans }) => spans)).toHaveLength(7);
});

test("what a dead backend refuses is counted, and nothing is thrown", async () => {
  const before = droppedSpans("export_failed");
  const { queue, calls, end } = connect({ batch: 4, delayMs: 60_000 });
  end(4);
  const flushed = queue.forceFlush();
  calls[0]?.answer(failed);
  await flushed;
  expect(droppedSpans("export_failed") - before).toBe(4);
});

test("a span that is not sampled is not held", async () => {
  const { queue, calls } = connect({ delayMs: 60_000 });
  const span = {
    spanContext: () => ({
      ...trace.wrapSpanContext({ traceId: "", spanId: "", traceFlags: 0 }).spanContext(),
    }),
  };
  queue.onEnd(span as ReadableSpan);
  await queue.forceFlush();
  expect(calls).toEqual([]);
});
