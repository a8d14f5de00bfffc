import { type Context, type Span, type SpanContext, SpanKind, trace } from "@opentelemetry/api";

import { type Outcome } from "./consumer-metrics";
import { runInContext } from "./context";
import { type ReceivedEvent } from "./envelope";
import { type Delivery } from "./pull";
import { extractTrace, failSpan, runInTrace, startSpan } from "./telemetry";

/** A dead letter that was published again carries this. */
export const replayedHeader = "symphony-replayed";

/** The span of one delivery: from its arrival until it is settled. */
export type EventSpan = { span: Span; active: Context };

/** Deliveries that failed here, so that the next one can link to them; bounded, and only a help to the reader. */
const failedLimit = 1_000;

/**
 * Makes the spans of a consumer's deliveries. The parent is the span that published the event: one trace leads
 * from the request to the last consumer. A redelivery links to the attempt before it, where that was made here.
 */
export function createEventSpans(service: string) {
  const failed = new Map<number, SpanContext>();

  const start = (delivery: Delivery): EventSpan => {
    const { subject, headers, attempt, streamSeq } = delivery;
    const before = failed.get(streamSeq);
    failed.delete(streamSeq);
    const parent = extractTrace({ traceparent: headers?.get("traceparent") || undefined });
    const creation = trace.getSpanContext(parent);
    const links = attempt > 1 ? [before, creation].filter((context) => context !== undefined) : [];
    return startSpan(`process ${subject}`, {
      kind: SpanKind.CONSUMER,
      parent,
      links: links.map((context) => ({ context })),
      attributes: {
        "messaging.system": "nats",
        "messaging.operation.type": "process",
        "messaging.operation.name": "process",
        "messaging.destination.name": subject,
        "messaging.consumer.group.name": service,
        "messaging.message.id": headers?.get("ce-id") ?? "",
        "messaging.message.conversation_id": headers?.get("ce-correlationid") ?? "",
        "symphony.delivery.attempt": attempt,
        ...(headers?.has(replayedHeader) && { "symphony.replayed": true }),
      },
    });
  };

  const end = ({ span }: EventSpan, delivery: Delivery, outcome: Outcome): void => {
    if (outcome === "retried" && span.isRecording()) {
      const [oldest] = failed.keys();
      if (failed.size >= failedLimit && oldest !== undefined) failed.delete(oldest);
      failed.set(delivery.streamSeq, span.spanContext());
    }
    span.setAttribute("symphony.outcome", outcome).end();
  };

  return { start, end, fail: ({ span }: EventSpan, error: unknown): void => failSpan(span, error) };
}

/** Runs `work` as part of the event's trace and conversation. */
export function inEvent<T>(event: ReceivedEvent, { active }: EventSpan, work: () => T): T {
  return runInTrace(active, () =>
    runInContext({ correlationId: event.correlationId, orderId: event.data.order_id }, work),
  );
}
