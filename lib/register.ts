/**
 * Loaded ahead of a service (`node --require dist/lib/register.js`): decides, by the standard OTEL_* variables,
 * whether spans are recorded.
 */
import { createRequire } from "node:module";

import type * as Tracing from "./tracing";

const { env } = process;
const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? env.OTEL_EXPORTER_OTLP_ENDPOINT ?? "";
const off = env.OTEL_SDK_DISABLED?.toLowerCase() === "true" || env.OTEL_TRACES_EXPORTER === "none";

if (endpoint !== "" && !off) {
  // Only here is the SDK loaded: it costs 28 MB and 0.3 s.
  const { startTracing } = createRequire(__filename)("./tracing") as typeof Tracing;
  startTracing(env.OTEL_SERVICE_NAME ?? env.SERVICE_NAME ?? "symphony", env);
}
