import type { IncomingHttpHeaders } from "node:http";

import { type Context, type Span, SpanKind, SpanStatusCode } from "@opentelemetry/api";

import { currentContext } from "./context";
import { extractTrace, startSpan } from "./telemetry";

/** A span of a request or call, and the context to run it in. */
export type RequestSpan = { span: Span; active: Context };

/** How often the mesh has sent a request before, by the header that Envoy adds; a value that is no number is 0. */
export function resendCount(attempt: unknown): number {
  return typeof attempt === "string" && /^[1-9]\d{0,2}$/.test(attempt) ? Number(attempt) - 1 : 0;
}

/** Envoy counts attempts, the first included. */
export const attemptHeader = "x-envoy-attempt-count";

/** The server span of an HTTP request, in the trace that its headers name or in a new one. */
export function startRequestSpan(method: string, headers: IncomingHttpHeaders): RequestSpan {
  const resent = resendCount(headers[attemptHeader]);
  const attributes = resent > 0 ? { "http.request.resend_count": resent } : {};
  return startSpan(method, { kind: SpanKind.SERVER, parent: extractTrace(headers), attributes });
}

/**
 * Ends the span with what is known by then: the route's template and never the path, which may hold anything.
 * `stream` is an answer that lasts as long as its reader wants.
 */
export function endRequestSpan(
  { span }: RequestSpan,
  answer: { method: string; route: string; status: number; stream: boolean },
): void {
  const { method, route, status, stream } = answer;
  if (span.isRecording()) {
    const { correlationId, orderId } = currentContext() ?? {};
    span.updateName(`${method} ${route}`);
    span.setAttributes({
      "http.request.method": method,
      "http.route": route,
      "http.response.status_code": status,
      ...(stream && { "http.response.header.content-type": ["text/event-stream"] }),
      ...(correlationId !== undefined && { "symphony.correlation.id": correlationId }),
      ...(orderId !== undefined && { "symphony.order.id": orderId }),
    });
    if (status >= 500) {
      span.setAttribute("error.type", String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
  span.end();
}

/** The client span of an HTTP call to `peer`; `template` is the path without what changes from call to call. */
export function startCallSpan(method: string, peer: string, template: string): RequestSpan {
  const attributes = { "http.request.method": method, "server.address": peer, "url.template": template };
  return startSpan(`${method} ${template}`, { kind: SpanKind.CLIENT, attributes });
}

/** What came back of a call; the caller ends the span. */
export function recordCallStatus(span: Span, status: number): void {
  if (!span.isRecording()) return;
  span.setAttribute("http.response.status_code", status);
  if (status < 400) return;
  span.setAttribute("error.type", String(status));
  span.setStatus({ code: SpanStatusCode.ERROR });
}
