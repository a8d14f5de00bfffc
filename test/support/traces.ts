import { type Span } from "../../lab/telemetry/span";
import { isProxy, serviceOf, titleOf } from "../../lab/telemetry/waterfall";
import { type System } from "./system";

/** The traces that the sink of `system` holds of an id, or the newest ones. */
export async function readTraces(system: System, id?: string): Promise<Span[][]> {
  const { telemetryUrl = "" } = system.stack;
  const query = id === undefined ? "" : `?id=${encodeURIComponent(id)}`;
  const response = await fetch(`${telemetryUrl}/traces${query}`);
  return ((await response.json()) as { traces: Span[][] }).traces;
}

/** The edges of a trace as `service kind name > service kind name`; a proxy is `order sidecar` or `ingress`. */
export function edgesOf(spans: readonly Span[]): string[] {
  const label = (span: Span): string => `${serviceOf(span)} ${span.kind} ${titleOf(span)}`;
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.flatMap((span) => {
    const parent = byId.get(span.parentId ?? "");
    return parent === undefined ? [] : [`${label(parent)} > ${label(span)}`];
  });
}

/** The services' own spans, each below the nearest one of a service: as if there were no sidecars. */
export function withoutProxies(spans: readonly Span[]): Span[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const nearest = (id: string | undefined): string | undefined => {
    const parent = byId.get(id ?? "");
    return parent !== undefined && isProxy(parent) ? nearest(parent.parentId) : parent?.spanId;
  };
  return spans
    .filter((span) => !isProxy(span))
    .map((span) => ({ ...span, parentId: nearest(span.parentId) }));
}
