import { TraceFlags } from "@opentelemetry/api";
import { type ReadableSpan, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace-base";

import { countDropped } from "./trace-context";

export type SpanQueueOptions = {
  /** Spans held at most; what comes on top is dropped. @default 4096 */
  limit?: number;
  /** Spans of one export. @default 512 */
  batch?: number;
  /** Ms until spans that do not fill a batch are sent. @default 1000 */
  delayMs?: number;
};

/** After SUCCESS, which is 0, the exporter says FAILED. */
const success = 0;

/**
 * Holds ended spans until they are sent, one export at a time. It never waits and never throws: where the
 * backend is slow or dead, spans are dropped and counted. The SDK's own processor does not count.
 */
export class SpanQueue implements SpanProcessor {
  private readonly held: ReadableSpan[] = [];
  private readonly limit: number;
  private readonly batch: number;
  private readonly delayMs: number;
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;

  constructor(
    private readonly exporter: SpanExporter,
    { limit = 4096, batch = 512, delayMs = 1_000 }: SpanQueueOptions = {},
  ) {
    this.limit = limit;
    this.batch = batch;
    this.delayMs = delayMs;
  }

  onStart(): void {
    // Only ended spans are of interest.
  }

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.held.length >= this.limit) {
      countDropped("span", "queue_full");
      return;
    }
    this.held.push(span);
    if (this.held.length === this.batch) this.schedule(0);
    else this.schedule(this.delayMs);
  }

  /** Sends what is held; resolves also where that fails. */
  async forceFlush(): Promise<void> {
    if (this.sending !== undefined) await this.sending;
    while (this.held.length > 0) await this.send();
  }

  async shutdown(): Promise<void> {
    clearTimeout(this.timer);
    await this.forceFlush();
    await this.exporter.shutdown();
  }

  private schedule(ms: number): void {
    if (ms > 0 && this.timer !== undefined) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      // While one export is under way the next batch waits for its end.
      if (this.sending === undefined) void this.send();
    }, ms).unref();
  }

  private send(): Promise<void> {
    const spans = this.held.splice(0, this.batch);
    if (spans.length === 0) return Promise.resolve();
    const sending = this.exportAll(spans).finally(() => {
      this.sending = undefined;
      if (this.held.length > 0) this.schedule(this.held.length >= this.batch ? 0 : this.delayMs);
    });
    this.sending = sending;
    return sending;
  }

  private exportAll(spans: ReadableSpan[]): Promise<void> {
    return new Promise((resolve) => {
      const end = (sent: boolean): void => {
        if (!sent) countDropped("span", "export_failed", spans.length);
        resolve();
      };
      try {
        this.exporter.export(spans, ({ code }) => end((code as number) === success));
      } catch {
        end(false);
      }
    });
  }
}
