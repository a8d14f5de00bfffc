import { type Span } from "../../lab/telemetry/span";
import { type System } from "./system";

/** The traces that the sink of `system` holds of an id, or the newest ones. */
export async function readTraces(system: System, id?: string): Promise<Span[][]> {
  const { telemetryUrl = "" } = system.stack;
  const query = id === undefined ? "" : `?id=${encodeURIComponent(id)}`;
  const response = await fetch(`${telemetryUrl}/traces${query}`);
  return ((await response.json()) as { traces: Span[][] }).traces;
}

type Node = Pick<Span, "service" | "name" | "spanId" | "parentId"> & { kind: string };

/** The edges of a trace as `service kind name > service kind name`. */
export function edgesOf(spans: readonly Node[]): string[] {
  const label = ({ service, kind, name }: Node): string => `${service} ${kind} ${name}`;
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.flatMap((span) => {
    const parent = byId.get(span.parentId ?? "");
    return parent === undefined ? [] : [`${label(parent)} > ${label(span)}`];
  });
}
