/**
 * Loaded before everything else (`node --require dist/lib/register.js`), as instrumentations have to patch
 * http, grpc, undici and pg before those are loaded.
 */
import { createRequire } from "node:module";

import type * as Tracing from "./tracing";

if (process.env.OTEL_EXPORTER_OTLP_ENDPOINT ?? process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) {
  // Only here is the SDK loaded: it costs 25 MB and 0.4 s.
  const { startTracing } = createRequire(__filename)("./tracing") as typeof Tracing;
  startTracing(process.env.OTEL_SERVICE_NAME ?? process.env.SERVICE_NAME ?? "symphony");
}
