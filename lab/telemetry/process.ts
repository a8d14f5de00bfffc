import { join } from "node:path";

import { type Environment } from "../run/service-process";
import { type SupervisedSpec } from "../run/supervised";
import { parseHeaders } from "./forward";

/** Young objects die at once here; a heap that may grow before it is cleaned would grow over the bound. */
const heapLimits = ["--max-old-space-size=72", "--max-semi-space-size=4"];

const isSet = (value: string | undefined): value is string => value !== undefined && value !== "";

/** Whether the services record spans: always, unless OTEL_SDK_DISABLED or OTEL_TRACES_EXPORTER=none says not to. */
export function tracesAreOn(environment: Environment): boolean {
  return (
    environment.OTEL_SDK_DISABLED?.toLowerCase() !== "true" && environment.OTEL_TRACES_EXPORTER !== "none"
  );
}

/** The same environment for services that record no spans. */
export function withoutTraces(environment: Environment): Environment {
  return { ...environment, OTEL_SDK_DISABLED: "true" };
}

/** Where the user wants the spans too: what OTEL_EXPORTER_OTLP_(TRACES_)ENDPOINT says, by the rules of OTLP. */
export function forwardUrl(environment: Environment): string | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: base } = environment;
  if (isSet(traces)) return traces;
  return isSet(base) ? `${base.replace(/\/$/, "")}/v1/traces` : undefined;
}

/** The environment that makes services send their spans to the sink at `url`, which sends them on. */
export function throughSink(environment: Environment, url: string): Environment {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("OTEL_EXPORTER_OTLP_"));
  return { ...Object.fromEntries(others), OTEL_EXPORTER_OTLP_ENDPOINT: url };
}

/** How the sink is run and watched. */
export function sinkSpec(project: string, port: number, environment: Environment): SupervisedSpec {
  const { OTEL_EXPORTER_OTLP_TRACES_HEADERS, OTEL_EXPORTER_OTLP_HEADERS = "" } = environment;
  const headers = parseHeaders(OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? OTEL_EXPORTER_OTLP_HEADERS);
  const { PATH = "", HOME = "", NODE_EXTRA_CA_CERTS = "" } = environment;
  return {
    name: "telemetry",
    command: () => ({
      file: process.execPath,
      args: [...heapLimits, join(project, "dist/lab/telemetry/main.js")],
      env: {
        PATH,
        HOME,
        ...(NODE_EXTRA_CA_CERTS !== "" && { NODE_EXTRA_CA_CERTS }),
        NODE_ENV: "production",
        PORT: String(port),
        SYMPHONY_FORWARD_URL: forwardUrl(environment) ?? "",
        SYMPHONY_FORWARD_HEADERS: JSON.stringify(headers),
      },
      cwd: project,
    }),
    probe: async () => {
      const response = await fetch(`http://127.0.0.1:${String(port)}/readyz`, {
        signal: AbortSignal.timeout(2_000),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`/readyz answers ${String(response.status)}`);
    },
    readyTimeoutMs: 30_000,
    stopSignal: "SIGTERM",
    graceMs: 2_000,
  };
}
