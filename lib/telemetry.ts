import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

import {
  type Attributes,
  type Context,
  context,
  type ContextManager,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from "@opentelemetry/api";

/** Headers of a message or a row: the names in lower case. */
export type Carrier = Record<string, string>;

/**
 * Without a collector a service loads no SDK (25 MB and 0.4 s in each of nine processes): the two classes
 * below carry the W3C context through it, so that trace ids still join its log lines. With a collector
 * lib/register.ts starts the SDK before anything else, and these stay unused.
 */
class AsyncContextManager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    active: Context,
    work: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(active, () => work.call(self, ...args));
  }

  bind<T>(active: Context, target: T): T {
    if (typeof target !== "function") return target;
    return ((...args: unknown[]): unknown => this.#storage.run(active, () => target(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#storage.disable();
    return this;
  }
}

// version, trace id, span id, flags; a later version may append fields.
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

class TraceContextPropagator implements TextMapPropagator {
  inject(active: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(active);
    if (span === undefined) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-${flags}`);
  }

  extract(active: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, "traceparent");
    const match = typeof header === "string" ? TRACEPARENT.exec(header) : null;
    if (match === null) return active;
    const [, traceId = "", spanId = "", flags = "00"] = match;
    return trace.setSpanContext(active, {
      traceId,
      spanId,
      traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
      isRemote: true,
    });
  }

  fields(): string[] {
    return ["traceparent"];
  }
}

type Instrumentation = { flush(): Promise<void> };
let instrumentation: Instrumentation | undefined;
let prepared = false;

const dropped = new Map<string, { item: string; reason: string; count: number }>();

/** Counts what is left out of the traces of this process. */
export function countDropped(item: string, reason: string, count = 1): void {
  const key = `${item} ${reason}`;
  const entry = dropped.get(key);
  if (entry === undefined) dropped.set(key, { item, reason, count });
  else entry.count += count;
}

/** What was left out since the process began. */
export function droppedTelemetry(): Iterable<{ item: string; reason: string; count: number }> {
  return dropped.values();
}

/** Says that the SDK runs and its instrumentations carry the context through HTTP and gRPC by themselves. */
export function markInstrumented(running: Instrumentation): void {
  instrumentation = running;
  prepared = true;
}

/** Whether HTTP and gRPC calls carry the trace by themselves; then neither inject nor extract it there. */
export function isInstrumented(): boolean {
  return instrumentation !== undefined;
}

/** Makes trace ids travel where no SDK was started. Further calls change nothing. */
export function prepareTelemetry(): void {
  if (prepared) return;
  prepared = true;
  context.setGlobalContextManager(new AsyncContextManager());
  propagation.setGlobalPropagator(new TraceContextPropagator());
}

/** Sends the spans that are still held. Never throws: at shutdown nobody could act on it. */
export async function flushTelemetry(): Promise<void> {
  await instrumentation?.flush().catch(() => undefined);
}

/** The trace context in `carrier`, on top of no other; a malformed `traceparent` is ignored. */
export function extractTrace(carrier: Record<string, string | string[] | undefined>): Context {
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** The span that a `traceparent` names; undefined where there is none or it is malformed. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  return traceparent === undefined ? undefined : trace.getSpanContext(extractTrace({ traceparent }));
}

/** Writes `traceparent` of the running trace into `carrier` and returns it. */
export function injectTrace<C extends Carrier>(carrier: C): C {
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** `parent` where it has a trace, else with a new, unsampled one. */
export function ensureTrace(parent: Context): Context {
  if (trace.getSpanContext(parent) !== undefined) return parent;
  const fresh: SpanContext = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    traceFlags: TraceFlags.NONE,
  };
  return trace.setSpanContext(parent, fresh);
}

/**
 * Runs the work of an incoming HTTP or gRPC call in the trace that its headers name, or in a new one. Where
 * the SDK's instrumentations have done so already, `work` just runs.
 */
export function continueTrace<T>(headers: Record<string, string | string[] | undefined>, work: () => T): T {
  return isInstrumented() ? work() : context.with(ensureTrace(extractTrace(headers)), work);
}

/** Names the span of the running HTTP request by its route's template; the SDK knows only the path. */
export function nameRequestSpan(method: string, route: string): void {
  if (!isInstrumented()) return;
  trace.getActiveSpan()?.updateName(`${method} ${route}`).setAttribute("http.route", route);
}

/** Runs `work` with `active` as the trace context. */
export function runInTrace<T>(active: Context, work: () => T): T {
  return context.with(active, work);
}

export type SpanOptions = {
  kind?: SpanKind;
  attributes?: Attributes;
  links?: Link[];
  /** The running context where it is left out. */
  parent?: Context;
};

/** Runs `work` in a span of its own and ends it; an error marks the span and is thrown on. */
export async function inSpan<T>(
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const { parent = context.active(), kind = SpanKind.INTERNAL, attributes = {}, links = [] } = options;
  const span = trace.getTracer("symphony").startSpan(name, { kind, attributes, links }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}
