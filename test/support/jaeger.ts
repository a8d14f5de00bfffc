import { z } from "zod";

/** A span as Jaeger's API gives it. Of a sidecar where Envoy wrote it. */
export type JaegerSpan = {
  spanId: string;
  parentId: string | undefined;
  service: string;
  kind: string;
  name: string;
  sidecar: boolean;
};

const answer = z.object({
  data: z
    .array(
      z.object({
        spans: z.array(
          z.object({
            spanID: z.string(),
            operationName: z.string(),
            processID: z.string(),
            references: z.array(z.object({ refType: z.string(), spanID: z.string(), traceID: z.string() })),
            tags: z.array(z.object({ key: z.string(), value: z.unknown() })),
          }),
        ),
        processes: z.record(z.string(), z.object({ serviceName: z.string() })),
      }),
    )
    .nullable(),
});

/** The spans that Jaeger at `url` has of a trace, none where it does not know it. Throws where it does not answer. */
export async function readJaegerTrace(url: string, traceId: string): Promise<JaegerSpan[]> {
  const response = await fetch(`${url}/api/traces/${traceId}`, { signal: AbortSignal.timeout(10_000) });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`Jaeger answered with status ${String(response.status)}`);
  const { data } = answer.parse(await response.json());
  return (data ?? []).flatMap(({ spans, processes }) =>
    spans.map(({ spanID, operationName, processID, references, tags }) => {
      const tag = (name: string): unknown => tags.find(({ key }) => key === name)?.value;
      return {
        spanId: spanID,
        parentId: references.find(({ refType }) => refType === "CHILD_OF")?.spanID,
        service: processes[processID]?.serviceName ?? "",
        kind: String(tag("span.kind") ?? "internal"),
        name: operationName,
        sidecar: tag("component") === "proxy",
      };
    }),
  );
}

/** The services' own spans, each below the nearest one of a service: as if there were no sidecars. */
export function withoutSidecars(spans: readonly JaegerSpan[]): JaegerSpan[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const nearest = (id: string | undefined): string | undefined => {
    const parent = byId.get(id ?? "");
    return parent?.sidecar === true ? nearest(parent.parentId) : parent?.spanId;
  };
  return spans
    .filter(({ sidecar }) => !sidecar)
    .map((span) => ({ ...span, parentId: nearest(span.parentId) }));
}

/** The sidecars whose spans lie between a span and the next one above it that is a service's, the nearest first. */
export function sidecarsAbove(spans: readonly JaegerSpan[], below: JaegerSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === below.parentId);
  return parent?.sidecar === true
    ? [`${parent.service} ${parent.kind}`, ...sidecarsAbove(spans, parent)]
    : [];
}
