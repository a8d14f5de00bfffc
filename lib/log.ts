import { trace } from "@opentelemetry/api";
import pino from "pino";

import { currentContext } from "./context";

export type Log = pino.Logger;

const MAX_CAUSES = 5;

type SerializedError = {
  type: string;
  message: string;
  stack?: string;
  code?: string;
  cause?: SerializedError;
};

/**
 * Keeps what locates an error and nothing else: pg puts the values of a row into `detail`, and those may be
 * personal data.
 */
function serializeError(error: unknown, depth = 0): SerializedError | undefined {
  if (!(error instanceof Error)) return { type: typeof error, message: "not an error object" };
  const code = "code" in error ? error.code : undefined;
  const cause =
    error.cause instanceof Error && depth < MAX_CAUSES ? serializeError(error.cause, depth + 1) : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(code !== undefined && { code: String(code) }),
    ...(cause !== undefined && { cause }),
  };
}

/** The ids that join a line to its trace, its request and its order. */
function contextFields(): Record<string, string> {
  const fields: Record<string, string> = {};
  const span = trace.getActiveSpan()?.spanContext();
  if (span !== undefined) {
    fields.trace_id = span.traceId;
    fields.span_id = span.spanId;
  }
  const context = currentContext();
  if (context !== undefined) {
    fields.correlation_id = context.correlationId;
    if (context.orderId !== undefined) fields.order_id = context.orderId;
  }
  return fields;
}

/** A log of JSON lines on stdout, each with the ids of the running request. */
export function createLog(service: string, level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => serializeError(error) },
    mixin: contextFields,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
