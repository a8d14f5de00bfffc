import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

import {
  type Context,
  context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from "@opentelemetry/api";

/** Headers of a message or a row: the names in lower case. */
export type Carrier = Record<string, string>;

const dropped = new Map<string, { item: string; reason: string; count: number }>();

/** Counts what is left out of the traces of this process. Both words are constants: they become labels. */
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

/** W3C Trace Context. Baggage is not carried: nothing here reads it, and it may hold anything. */
class TraceContextPropagator implements TextMapPropagator {
  inject(active: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = trace.getSpanContext(active);
    if (span === undefined) return;
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    setter.set(carrier, "traceparent", `00-${span.traceId}-${span.spanId}-${flags}`);
  }

  extract(active: Context, carrier: unknown, getter: TextMapGetter): Context {
    const header = getter.get(carrier, "traceparent");
    if (header === undefined || header === "") return active;
    const match = typeof header === "string" ? TRACEPARENT.exec(header) : null;
    if (match === null) {
      countDropped("traceparent", "malformed");
      return active;
    }
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

let prepared = false;

/** Makes trace ids travel through this process, with or without spans. Further calls change nothing. */
export function prepareTelemetry(): void {
  if (prepared) return;
  prepared = true;
  context.setGlobalContextManager(new AsyncContextManager());
  propagation.setGlobalPropagator(new TraceContextPropagator());
}

/** The trace context in `carrier`, on top of no other; a malformed `traceparent` is ignored. */
export function extractTrace(carrier: Record<string, string | string[] | undefined>): Context {
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** The span that a `traceparent` names; undefined where there is none or it is malformed. */
export function spanContextOf(traceparent: string | undefined): SpanContext | undefined {
  return traceparent === undefined ? undefined : trace.getSpanContext(extractTrace({ traceparent }));
}

/** Writes `traceparent` of `active`, the running trace where it is left out, into `carrier` and returns it. */
export function injectTrace<C extends Carrier>(carrier: C, active: Context = context.active()): C {
  propagation.inject(active, carrier);
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

/** Runs `work` with `active` as the trace context. */
export function runInTrace<T>(active: Context, work: () => T): T {
  return context.with(active, work);
}
