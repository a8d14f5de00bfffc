import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TimeInput,
  trace,
} from "@opentelemetry/api";

import { AppError } from "./errors";
import { ensureTrace } from "./trace-context";

export * from "./trace-context";

type Sdk = { flush(): Promise<void> };
let sdk: Sdk | undefined;

/** Says that spans are recorded from now on, and how to send those that are still held. */
export function markTracing(running: Sdk): void {
  sdk = running;
}

/** Sends the spans that are still held. Never throws: at shutdown nobody could act on it. */
export async function flushTelemetry(): Promise<void> {
  await sdk?.flush().catch(() => undefined);
}

export type SpanOptions = {
  kind?: SpanKind;
  attributes?: Attributes;
  links?: Link[];
  startTime?: TimeInput;
  /** The running context where it is left out. */
  parent?: Context;
};

/**
 * Starts a span; whoever starts it ends it. `active` is the context to run its work in. Without the SDK nothing
 * is recorded: the span then stands for the trace alone, a new one where `parent` has none.
 */
export function startSpan(name: string, options: SpanOptions): { span: Span; active: Context } {
  const { parent = context.active(), kind = SpanKind.INTERNAL, ...rest } = options;
  const known = sdk === undefined ? ensureTrace(parent) : parent;
  const span = trace.getTracer("symphony").startSpan(name, { kind, ...rest }, known);
  return { span, active: trace.setSpan(known, span) };
}

// The lines of a stack that say where, without the message ahead of them.
const stackFrames = /^ {4}at .*$/gm;

/**
 * Marks a span as failed. Of an error that is not our own only its kind and place are told: its message may
 * quote a value, and values may be personal.
 */
export function failSpan(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  if (error instanceof AppError) {
    const { code, message } = error;
    span.setAttribute("error.type", code);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    span.addEvent("exception", { "exception.type": code, "exception.message": message });
    return;
  }
  const type = errorType(error);
  const stack = error instanceof Error ? (error.stack?.match(stackFrames)?.slice(0, 8).join("\n") ?? "") : "";
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.addEvent("exception", { "exception.type": type, "exception.stacktrace": stack });
}

function errorType(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string") return code;
  return error instanceof Error ? error.name : typeof error;
}

/** Runs `work` in a span of its own and ends it; an error marks the span and is thrown on. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { span, active } = startSpan(name, options);
  try {
    return await context.with(active, () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}
