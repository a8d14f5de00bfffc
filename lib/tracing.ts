import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";

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
 * the outbox, and with sdk-node they cost 42 MB and 1 s of a start, against 16 MB and 0.2 s for this.
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
  const provider = new BasicTracerProvider({
    resource: detectResources({ detectors: [envDetector] }).merge(own),
    spanLimits,
    spanProcessors: [queue],
  });
  trace.setGlobalTracerProvider(provider);
  markTracing({
    flush: async () => {
      const late = new Promise<void>((resolve) => setTimeout(resolve, flushMs).unref());
      await Promise.race([provider.shutdown(), late]);
    },
  });
}
