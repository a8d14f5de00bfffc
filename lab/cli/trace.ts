import { Command } from "commander";

import { exitCodes, Failure } from "../run/failure";
import { stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { targetName } from "../target/system";
import { type Span } from "../telemetry/span";
import { bar, errorsOf, layOut, notesOf, type Row, serviceOf, titleOf } from "../telemetry/waterfall";
import { note, painter, print, printJson, table } from "./terminal";

type Options = { sql?: boolean; attempts?: boolean; json?: boolean };

/** Spans are sent once a second: an order that has just ended shows whole a moment later. */
const patienceMs = 4_000;
const pollMs = 300;
const barWidth = 32;
const nameWidth = 58;

export function traceCommand(): Command {
  return new Command("trace")
    .description("what an order's request did, step by step, as a waterfall")
    .argument("<id>", "an order, a correlation id or a trace id")
    .option("--sql", "show each SQL statement on a line of its own")
    .option("--attempts", "show each attempt of a sidecar, also where the first one went well")
    .option("--json", "print the spans as JSON")
    .action(async (id: string, options: Options) => {
      const traces = await findTraces(id);
      if (options.json === true) printJson({ id, traces });
      else show(traces, { sql: options.sql === true, attempts: options.attempts === true });
    });
}

/** Asks the sink until the trace has come and grows no more. */
async function findTraces(id: string): Promise<Span[][]> {
  const url = sinkUrl();
  const deadline = Date.now() + patienceMs;
  let before: Span[][] = [];
  for (;;) {
    const found = await ask(url, id);
    const same = found.flat().length > 0 && found.flat().length === before.flat().length;
    const age = Date.now() - Math.max(0, ...found.flat().map((span) => span.startMs + span.durationMs));
    if ((same && age > 1_500) || age > 10_000) {
      if (found.length > 0) return found;
    }
    if (Date.now() > deadline) {
      if (found.length > 0) return found;
      throw new Failure("trace.not_found", `no trace of ${id} is kept`, {
        fix: "give the id of an order, its correlation id or a trace id; ./symphony order prints them",
      });
    }
    before = found;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function sinkUrl(): string {
  if (targetName() === "kube") {
    throw new Failure("usage.laptop_only", "trace reads this machine's own sink", {
      fix: "on a cluster look at Jaeger, see docs/observability.md",
      exitCode: exitCodes.usage,
    });
  }
  const { telemetryUrl } = requireRunning(stateFolder());
  if (telemetryUrl !== undefined) return telemetryUrl;
  throw new Failure("trace.off", "the running system records no traces", {
    fix: "start it without OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER",
  });
}

async function ask(url: string, id: string): Promise<Span[][]> {
  const response = await fetch(`${url}/traces?id=${encodeURIComponent(id)}`, {
    signal: AbortSignal.timeout(5_000),
  }).catch((error: unknown) => {
    throw new Failure("trace.unavailable", "the sink does not answer", {
      fix: "see ./symphony status",
      cause: error,
    });
  });
  const { traces } = (await response.json()) as { traces: Span[][] };
  return traces.sort((a, b) => b.length - a.length);
}

const inMs = (ms: number): string => (ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(1)} ms`);

function show(traces: Span[][], options: { sql: boolean; attempts: boolean }): void {
  const [main = [], ...others] = traces;
  const from = Math.min(...main.map(({ startMs }) => startMs));
  const totalMs = Math.max(...main.map(({ startMs, durationMs }) => startMs + durationMs)) - from;
  const paint = painter(process.stdout);
  print(
    paint("bold", `trace ${main[0]?.traceId ?? ""}`) + `  ${String(main.length)} spans in ${inMs(totalMs)}`,
  );
  print(
    table(
      ["from", "took", "", "service", "what", ""].map((title) => paint("dim", title)),
      layOut(main, options).map((row) => cells(row, totalMs)),
    ),
  );
  const failed = main.filter((span) => span.failed).length;
  if (failed > 0) note(`${String(failed)} of ${String(main.length)} spans failed`);
  for (const other of others) {
    const first = other.find(({ parentId }) => parentId === undefined) ?? other[0];
    note(
      `also ${first === undefined ? "" : titleOf(first)} (${String(other.length)} spans): ./symphony trace ${first?.traceId ?? ""}`,
    );
  }
}

function cells(row: Row, totalMs: number): string[] {
  const paint = painter(process.stdout);
  const { span, depth, fromMs } = row;
  const colour = span.failed ? "red" : span.kind === "server" || span.kind === "consumer" ? "cyan" : "dim";
  const name = `${"  ".repeat(Math.min(depth, 12))}${titleOf(span)}`;
  const notes = notesOf(row).join(", ");
  return [
    inMs(fromMs).padStart(9),
    inMs(span.durationMs).padStart(9),
    paint(colour, bar({ fromMs, durationMs: span.durationMs }, totalMs, barWidth)),
    serviceOf(span),
    name.length > nameWidth ? `${name.slice(0, nameWidth - 1)}…` : name,
    paint(errorsOf(span).length > 0 ? "red" : "dim", notes),
  ];
}
