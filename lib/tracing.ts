import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { NodeSDK } from "@opentelemetry/sdk-node";

import { SpanQueue } from "./span-queue";
import { markTracing, prepareTelemetry } from "./telemetry";

/** Whatever an attribute holds, a span stays small: about 64 KB at the very most, 1 KB as a rule. */
const spanLimits = {
  attributeValueLengthLimit: 1_024,
  attributeCountLimit: 64,
  eventCountLimit: 32,
  linkCountLimit: 64,
  attributePerEventCountLimit: 16,
  attributePerLinkCountLimit: 8,
};

/** At a stop the spans that are still held are sent for at most this long. */
const flushMs = 2_000;

/**
 * Starts the SDK. The exporter, the sampler and the resource follow the standard OTEL_* variables. Spans are made
 * by lib/ itself, where the work is done: instrumentations that patch http, grpc and pg know neither routes nor
 * the outbox.
 */
export function startTracing(serviceName: string, environment: Record<string, string | undefined>): void {
  prepareTelemetry();
  const own = resourceFromAttributes({
    "service.name": serviceName,
    "service.namespace": "symphony",
    "service.instance.id": environment.HOSTNAME ?? `${serviceName}-${process.pid}`,
  });
  const delayMs = Number(environment.OTEL_BSP_SCHEDULE_DELAY) || undefined;
  const queue = new SpanQueue(new OTLPTraceExporter(), delayMs === undefined ? {} : { delayMs });
  const sdk = new NodeSDK({
    resource: own,
    resourceDetectors: [envDetector],
    spanLimits,
    spanProcessors: [queue],
    instrumentations: [],
    // Traces only: logs go to stdout, metrics are scraped.
    logRecordProcessors: [],
    metricReaders: [],
    // prepareTelemetry has set them.
    textMapPropagator: null,
  });
  sdk.start();
  markTracing({
    flush: async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, flushMs).unref());
      await Promise.race([sdk.shutdown(), late]);
    },
  });
}
