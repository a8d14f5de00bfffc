import { closeSync, copyFileSync, mkdirSync, openSync, readSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";

import { fromDiskError } from "./failure";

/** A log is cut when it is larger than this; one older part of at most the same size is kept. */
const maxBytes = 16 * 1024 * 1024;

export function logFolder(state: string): string {
  return join(state, "logs");
}

/** One log per process. Processes write into it themselves, so that no line goes through the runner. */
export class LogFile {
  readonly path: string;
  readonly descriptor: number;

  constructor(state: string, name: string) {
    this.path = join(logFolder(state), `${name}.log`);
    try {
      mkdirSync(logFolder(state), { recursive: true });
      this.descriptor = openSync(this.path, "a", 0o600);
    } catch (error) {
      throw fromDiskError(error, this.path);
    }
  }

  size(): number {
    return statSync(this.path).size;
  }

  /**
   * Moves what was written into `<name>.log.1` once it is large. Copied and cut, not renamed, because the
   * process holds the file open; it appends, so it goes on at the new end. Lines written in between are lost.
   */
  rotate(limit: number = maxBytes): void {
    if (this.size() <= limit) return;
    copyFileSync(this.path, `${this.path}.1`);
    truncateSync(this.path, 0);
  }

  /** What was written after `offset`, at most its last 16 KB. */
  since(offset: number): string {
    const size = this.size();
    const from = Math.max(offset > size ? 0 : offset, size - 16_384);
    const buffer = Buffer.alloc(size - from);
    const reader = openSync(this.path, "r");
    try {
      readSync(reader, buffer, 0, buffer.length, from);
    } finally {
      closeSync(reader);
    }
    return buffer.toString("utf8");
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** The reason in a process's last words: the last message of level error or fatal, else the last line. */
export function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  // What Envoy calls critical comes before the stack, of which some lines are critical too.
  const critical = lines.map((line) => parseLogLine(line)).find((entry) => entry.level === "critical");
  if (critical !== undefined) return describe(critical);
  for (const line of lines.toReversed()) {
    const entry = parseLogLine(line);
    if (entry.level === "fatal" || entry.level === "error") return describe(entry);
  }
  return lines.at(-1)?.slice(0, 300) ?? "it said nothing";
}

function describe(entry: LogLine): string {
  const error = entry.fields.err;
  const detail =
    typeof error === "object" && error !== null ? (error as { message?: unknown }).message : undefined;
  const message =
    typeof detail === "string" && detail !== entry.message ? `${entry.message}: ${detail}` : entry.message;
  return message.replaceAll("\n", " ").slice(0, 500);
}

export type LogLine = {
  /** ISO 8601; empty where the line carries none. */
  time: string;
  level: string;
  service: string;
  message: string;
  /** Whatever else the line holds. */
  fields: Record<string, unknown>;
};

/** Reads one line of a log. What is not JSON, such as a stack or a line of Postgres, becomes a message. */
export function parseLogLine(line: string, service: string = ""): LogLine {
  if (line.startsWith("{")) {
    try {
      const entry = JSON.parse(line) as Record<string, unknown>;
      if (typeof entry.start_time === "string") return parseAccessLine(entry, service);
      const { time, level, service: from, msg, ...fields } = entry;
      return {
        time: typeof time === "string" ? time : "",
        level: typeof level === "string" ? level : "info",
        service: typeof from === "string" ? from : service,
        message: typeof msg === "string" ? msg : "",
        fields,
      };
    } catch {
      // Cut off or not JSON: shown as it is.
    }
  }
  return parsePlainLine(line, service);
}

/** A request in a sidecar's log, with Istio's names. Paths are not logged: they may hold personal data. */
function parseAccessLine(entry: Record<string, unknown>, service: string): LogLine {
  const { start_time: time, method, authority, response_code: code, ...fields } = entry;
  const known = Object.entries(fields).filter(([, value]) => value !== null && value !== "-");
  return {
    time: String(time),
    level: "info",
    service,
    message: [method, authority, code].map(String).join(" "),
    fields: Object.fromEntries(known),
  };
}

// nats-server: `[123] 2026/01/31 10:00:00.123456 [INF] text`; Postgres: `2026-01-31 10:00:00.123 UTC db LOG:  text`.
const natsLine = /^\[\d+\] (\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d\.\d{3})\d* \[(\w+)\] (.*)$/;
const postgresLine = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC (\S* ?)([A-Z]+): {2}(.*)$/;
const levels: Record<string, string> = {
  INF: "info",
  WRN: "warn",
  ERR: "error",
  FTL: "fatal",
  WARNING: "warn",
  ERROR: "error",
  FATAL: "fatal",
  PANIC: "fatal",
};

function parsePlainLine(line: string, service: string): LogLine {
  const nats = natsLine.exec(line);
  if (nats !== null) {
    const [, year, month, day, time, level, message] = nats as unknown as string[];
    return {
      time: `${String(year)}-${String(month)}-${String(day)}T${String(time)}Z`,
      level: levels[level ?? ""] ?? "info",
      service,
      message: message ?? "",
      fields: {},
    };
  }
  const postgres = postgresLine.exec(line);
  if (postgres !== null) {
    const [, day, time, database, level, message] = postgres as unknown as string[];
    return {
      time: `${String(day)}T${String(time)}Z`,
      level: levels[level ?? ""] ?? "info",
      service,
      message: message ?? "",
      fields: database?.trim() ? { database: database.trim() } : {},
    };
  }
  return { time: "", level: "info", service, message: line, fields: {} };
}
