import type { IncomingMessage } from "node:http";

import { GrpcInstrumentation } from "@opentelemetry/instrumentation-grpc";
import { HttpInstrumentation } from "@opentelemetry/instrumentation-http";
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg";
import { UndiciInstrumentation } from "@opentelemetry/instrumentation-undici";
import { NodeSDK } from "@opentelemetry/sdk-node";

import { markInstrumented } from "./telemetry";

const silent: ReadonlySet<string> = new Set(["/livez", "/readyz", "/metrics"]);

function isProbe({ url = "" }: IncomingMessage): boolean {
  return silent.has(url.split("?", 1)[0] ?? "");
}

/**
 * Starts the SDK. The exporter, the sampler and the resource follow the standard OTEL_* variables; metrics
 * are Prometheus' and logs go to stdout, so neither is exported from here.
 */
export function startTracing(serviceName: string): void {
  const sdk = new NodeSDK({
    serviceName,
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: isProbe }),
      new GrpcInstrumentation({ ignoreGrpcMethods: ["Check", "Watch"] }),
      new UndiciInstrumentation(),
      // A statement outside a trace is a poll of the relay or a probe.
      new PgInstrumentation({ requireParentSpan: true }),
    ],
  });
  sdk.start();
  markInstrumented({ flush: () => sdk.shutdown() });
}
