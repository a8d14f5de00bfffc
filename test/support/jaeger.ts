import { z } from "zod";

import { type Span, type SpanKind, type Value } from "../../lab/telemetry/span";

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
            startTime: z.number(),
            duration: z.number(),
            tags: z.array(
              z.object({ key: z.string(), value: z.union([z.string(), z.number(), z.boolean()]) }),
            ),
          }),
        ),
        processes: z.record(z.string(), z.object({ serviceName: z.string() })),
      }),
    )
    .nullable(),
});

/** The spans that Jaeger at `url` has of a trace, none where it does not know it. Throws where it does not answer. */
export async function readJaegerTrace(url: string, traceId: string): Promise<Span[]> {
  const response = await fetch(`${url}/api/traces/${traceId}`, { signal: AbortSignal.timeout(10_000) });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`Jaeger answered with status ${String(response.status)}`);
  const { data } = answer.parse(await response.json());
  return (data ?? []).flatMap(({ spans, processes }) =>
    spans.map(({ spanID, operationName, processID, references, startTime, duration, tags }) => {
      const attributes: Record<string, Value> = Object.fromEntries(
        tags.map(({ key, value }) => [key, value]),
      );
      return {
        traceId,
        spanId: spanID,
        parentId: references.find(({ refType }) => refType === "CHILD_OF")?.spanID,
        service: processes[processID]?.serviceName ?? "",
        name: operationName,
        kind: (attributes["span.kind"] ?? "internal") as SpanKind,
        startMs: startTime / 1000,
        durationMs: duration / 1000,
        failed: attributes.error === true,
        message: undefined,
        attributes,
        events: [],
        links: [],
      };
    }),
  );
}
