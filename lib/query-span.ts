import { SpanKind, trace } from "@opentelemetry/api";

import { failSpan, startSpan } from "./telemetry";

type Attributes = Record<string, string>;

/** Statements are built from constants, so the list is short; the bound is for the one that is not. */
const knownStatements = 500;
const textLimit = 300;
const described = new Map<string, Attributes>();

const writes = /\b(insert\s+into|delete\s+from|update(?=\s+\w+\s+set))\s+(\w+)/i;
const reads = /\b(select)\b.*?\bfrom\s+(\w+)/is;

/** What a statement does to which table first: `INSERT orders`. */
export function summarizeQuery(text: string): string {
  const [, operation = "", table] = writes.exec(text) ?? reads.exec(text) ?? [];
  const verb = (operation || (/^\s*(\w+)/.exec(text)?.[1] ?? "query")).split(/\s/)[0] ?? "";
  return table === undefined ? verb.toUpperCase() : `${verb.toUpperCase()} ${table}`;
}

function describe(text: string): Attributes {
  const known = described.get(text);
  if (known !== undefined) return known;
  const summary = summarizeQuery(text);
  const attributes = {
    "db.system.name": "postgresql",
    "db.operation.name": summary.split(" ")[0] ?? "",
    "db.query.summary": summary,
    // Values are never in it: they are sent apart, as $1, $2.
    "db.query.text": text.replaceAll(/\s+/g, " ").trim().slice(0, textLimit),
  };
  if (described.size < knownStatements) described.set(text, attributes);
  return attributes;
}

/**
 * Runs a statement in a span, where it belongs to a trace that is recorded: the relay's polls and the probes do not.
 */
export async function inQuerySpan<T>(text: string, work: () => Promise<T>): Promise<T> {
  if (trace.getActiveSpan()?.isRecording() !== true) return work();
  const attributes = describe(text);
  const { span } = startSpan(attributes["db.query.summary"] ?? "query", {
    kind: SpanKind.CLIENT,
    attributes,
  });
  try {
    return await work();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (typeof code === "string") span.setAttribute("db.response.status_code", code);
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}
