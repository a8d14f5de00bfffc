import { z } from "zod";

import { type MeshSettings } from "../model/mesh";
import { type MeshConfig, type Problem } from "../types";

const duration = z.string().regex(/^\d+(\.\d+)?s$/);

const provider = z.strictObject({
  name: z.string().min(1),
  opentelemetry: z.strictObject({
    service: z.string().min(1),
    port: z.int().min(1).max(65535),
    maxTagLength: z.int().min(1).optional(),
    // Envoy takes no address without a time limit, and istiod gives none of its own.
    http: z.strictObject({ path: z.string().startsWith("/"), timeout: duration }).optional(),
  }),
});

/** What is understood of meshConfig. A field that is not is refused: it would mean one thing on a cluster only. */
const schema = z.strictObject({
  pathNormalization: z
    .strictObject({
      normalization: z.enum(["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"]),
    })
    .optional(),
  accessLogFile: z.string().optional(),
  accessLogEncoding: z.enum(["JSON", "TEXT"]).default("TEXT"),
  accessLogFormat: z.string().optional(),
  connectTimeout: duration.default("10s"),
  defaultConfig: z
    .strictObject({
      // How many threads a sidecar has is said where it is started.
      concurrency: z.int().min(0).optional(),
      tracingServiceName: z.enum(["APP_LABEL_AND_NAMESPACE", "CANONICAL_NAME_ONLY"]).optional(),
      // As are the values of its runtime.
      runtimeValues: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  // Merging an application's metrics with the sidecar's own is the work of Istio's agent, which a laptop has not.
  enablePrometheusMerge: z.boolean().optional(),
  extensionProviders: z.array(provider).default([]),
});

/** Reads meshConfig, or says what is wrong with it. */
export function readMeshConfig(config: MeshConfig): MeshSettings | { problems: Problem[] } {
  const parsed = schema.safeParse(config);
  if (!parsed.success) return { problems: parsed.error.issues.map(toProblem) };
  const { pathNormalization, accessLogFile = "", accessLogEncoding, accessLogFormat, ...rest } = parsed.data;
  const normalization = pathNormalization?.normalization ?? "DEFAULT";
  return {
    pathNormalization: normalization === "DEFAULT" ? "BASE" : normalization,
    accessLog:
      accessLogFile === ""
        ? undefined
        : { path: accessLogFile, encoding: accessLogEncoding, format: accessLogFormat },
    tracingProviders: new Map(
      rest.extensionProviders.map(({ name, opentelemetry: { service, port, maxTagLength, http } }) => [
        name,
        { host: service, port, maxPathLength: maxTagLength, http },
      ]),
    ),
    tracingNames: rest.defaultConfig?.tracingServiceName ?? "APP_LABEL_AND_NAMESPACE",
    connectTimeout: rest.connectTimeout,
  };
}

function toProblem(issue: z.core.$ZodIssue): Problem {
  const allowed =
    issue.code === "unrecognized_keys"
      ? "; allowed in meshConfig: " + Object.keys(schema.shape).sort().join(", ")
      : "";
  const field = ["meshConfig", ...issue.path.map(String)].join(".");
  return { file: "meshConfig", line: 1, column: 1, field, message: issue.message + allowed };
}
