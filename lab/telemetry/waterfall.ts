import { explainFlags } from "./response-flags";
import { type Span } from "./span";

/** One line of a waterfall. `depth` is how deep below the root it stands. */
export type Row = {
  span: Span;
  depth: number;
  /** The statements right below that were folded into it. */
  statements: { count: number; ms: number };
  /** Ms from the beginning of the trace. */
  fromMs: number;
};

const isStatement = ({ attributes }: Span): boolean => "db.system.name" in attributes;

export const isProxy = ({ attributes }: Span): boolean => attributes.component === "proxy";

/** A proxy's sending of a request: Envoy calls it `router <cluster> egress`. */
const isAttempt = (span: Span): boolean => isProxy(span) && span.kind === "client";

const noFlags = (flags: unknown): boolean => flags === undefined || flags === "" || flags === "-";

/** The only attempt of a proxy, which tells no more than the span above it. */
const isPlain = (span: Span): boolean =>
  isAttempt(span) &&
  !span.failed &&
  span.attributes["retry.count"] === undefined &&
  noFlags(span.attributes.response_flags);

/**
 * The spans of a trace as a tree in the order of time, parents first. Statements are folded unless `sql`, and so are
 * the sidecars' attempts where there was one and it went well, unless `attempts`.
 */
export function layOut(spans: readonly Span[], { sql, attempts = false }: LayOutOptions): Row[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.startMs - b.startMs)) {
    const { parentId } = span;
    // A parent that was sampled out, or is a client's of which nobody told us, leaves its child a root.
    if (parentId === undefined || parentId === span.spanId || !byId.has(parentId)) roots.push(span);
    else children.set(parentId, [...(children.get(parentId) ?? []), span]);
  }
  const beginning = Math.min(...spans.map(({ startMs }) => startMs));
  const rows: Row[] = [];
  const seen = new Set<string>();
  const visit = (span: Span, depth: number): void => {
    // Spans that name each other as parents come from a broken sender; each is shown once.
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const below = childrenOf(span, attempts, children);
    const folded = sql ? [] : below.filter((child) => isStatement(child) && !child.failed);
    const ms = folded.reduce((sum, { durationMs }) => sum + durationMs, 0);
    rows.push({ span, depth, statements: { count: folded.length, ms }, fromMs: span.startMs - beginning });
    for (const child of below) if (!folded.includes(child)) visit(child, depth + 1);
  };
  for (const root of roots) visit(root, 0);
  return rows;
}

type LayOutOptions = { sql: boolean; attempts?: boolean };

function childrenOf(span: Span, attempts: boolean, children: Map<string, Span[]>): Span[] {
  const below = children.get(span.spanId) ?? [];
  const [only, ...more] = below;
  if (attempts || !isProxy(span) || only === undefined || more.length > 0 || !isPlain(only)) return below;
  return children.get(only.spanId) ?? [];
}

/** Where a span lies in its trace, as a bar of `width` characters, to an eighth of one. */
export function bar(row: { fromMs: number; durationMs: number }, totalMs: number, width: number): string {
  const eighths = "▏▎▍▌▋▊▉█";
  const scale = totalMs > 0 ? width / totalMs : 0;
  const start = Math.min(Math.floor(row.fromMs * scale), width - 1);
  const length = Math.min(row.durationMs * scale, width - start);
  const whole = Math.floor(length);
  const rest = Math.round((length - whole) * 8);
  const last = rest > 0 ? (eighths[rest - 1] ?? "") : whole === 0 ? "▏" : "";
  return (" ".repeat(start) + "█".repeat(whole) + last).padEnd(width).slice(0, width);
}

/** The proxy's name is that of the workload it stands beside, with its namespace. */
export function serviceOf(span: Span): string {
  const { service } = span;
  if (!isProxy(span)) return service;
  const workload = service.replace(/\..*$/, "").replace(/^istio-ingressgateway$/, "ingress");
  return workload === "ingress" ? workload : `${workload} sidecar`;
}

const withoutDomain = (host: string): string => host.replace(/\.[\w-]+\.svc\.cluster\.local/, "");

/** What a span is about: its name, and of a proxy's attempt which one it is and where to. */
export function titleOf(span: Span): string {
  if (!isProxy(span)) return span.name;
  const [, port, subset, host] = /^router outbound\|(\d+)\|([^|]*)\|([^;\s]+)/.exec(span.name) ?? [];
  if (port === undefined || host === undefined) return withoutDomain(span.name);
  const attempt = (number(span.attributes["retry.count"]) ?? 0) + 1;
  const chosen = subset === "" ? "" : ` (${String(subset)})`;
  return `attempt ${String(attempt)} to ${withoutDomain(host)}:${port}${chosen}`;
}

function number(value: unknown): number | undefined {
  const parsed = Number(value);
  return value === undefined || Number.isNaN(parsed) ? undefined : parsed;
}

/** The status of an answer as people know it: `202`, `NOT_FOUND`. */
function statusOf({ attributes }: Span): string | undefined {
  const rpc = attributes["rpc.response.status_code"];
  const http = attributes["http.response.status_code"] ?? attributes["http.status_code"];
  const status = rpc === "OK" ? undefined : (rpc ?? http);
  // Envoy's way to say that nothing was answered.
  if (Number(status) === 0) return "no answer";
  return status === undefined ? undefined : String(status);
}

/** Which delivery or try this was, and what came of it. */
function attemptNotes({ attributes, links }: Span): string[] {
  const resent = number(attributes["http.request.resend_count"]) ?? 0;
  const attempt = number(attributes["symphony.delivery.attempt"]) ?? resent + 1;
  const outcome = attributes["symphony.outcome"] ?? "handled";
  const batch = number(attributes["messaging.batch.message_count"]) ?? 1;
  return [
    ...(attempt > 1 ? [`attempt ${String(attempt)}`] : []),
    ...(attempt > 1 && links.length > 0 ? ["linked to the one before"] : []),
    ...(attributes["symphony.replayed"] === true ? ["replayed"] : []),
    ...(outcome === "handled" ? [] : [String(outcome)]),
    ...(batch > 1 ? [`with ${String(batch - 1)} more in one transaction`] : []),
  ];
}

/** What is worth a word besides name and time: status, attempt, outcome, statements, errors. */
export function notesOf({ span, statements }: Row): string[] {
  const status = statusOf(span);
  const { count, ms } = statements;
  const enqueued = span.events
    .filter(({ name }) => name === "outbox.enqueue")
    .map(({ attributes }) => `enqueues ${String(attributes["messaging.destination.name"])}`);
  return [
    ...(status === undefined ? [] : [status]),
    ...attemptNotes(span),
    ...(count === 0 ? [] : [`${String(count)} SQL ${ms.toFixed(ms < 10 ? 1 : 0)} ms`]),
    ...enqueued,
    ...errorsOf(span),
  ];
}

/** What went wrong, in words. */
export function errorsOf(span: Span): string[] {
  const { attributes, events, failed, message } = span;
  const flags = explainFlags(String(attributes.response_flags ?? ""));
  const exceptions = events
    .filter(({ name }) => name === "exception")
    .map(({ attributes: told }) =>
      [told["exception.type"], told["exception.message"]].filter((part) => part !== undefined).join(": "),
    );
  const words = [...new Set([...exceptions, ...(flags === undefined ? [] : [flags])])];
  // A proxy without flags only passes on what was answered.
  if (words.length > 0 || !failed || isProxy(span)) return words;
  return [message ?? `failed: ${String(attributes["error.type"] ?? "without a reason")}`];
}
