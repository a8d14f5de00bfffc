import { InvalidArgumentError } from "commander";

/** `30s`, `500ms`, `5m`, `2h`, or a number of seconds; to ms. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text);
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match?.[2] ?? "s"];
  if (match === null || factor === undefined) {
    throw new InvalidArgumentError("give a duration such as 30s, 500ms or 5m.");
  }
  return Number(match[1]) * factor;
}

/** A whole number within bounds, both included. */
export function parseInteger(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`give a whole number from ${String(min)} to ${String(max)}.`);
    }
    return value;
  };
}

/** A number above 0 and at most `max`. */
export function parsePositive(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > max) {
      throw new InvalidArgumentError(`give a number above 0, at most ${String(max)}.`);
    }
    return value;
  };
}

/** A moment: ISO 8601, or how long ago (`10m`). */
export function parseSince(text: string, now: Date = new Date()): Date {
  if (/^\d+(\.\d+)?(ms|s|m|h)?$/.test(text)) return new Date(now.getTime() - parseDuration(text));
  const moment = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(moment.getTime())) {
    throw new InvalidArgumentError("give a time such as 2026-01-31T10:00:00Z, or how long ago, such as 10m.");
  }
  return moment;
}

/** Collects a repeated option. */
export function collect<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}

export function formatBytes(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
  return `${(bytes / 1024 ** 2).toFixed(0)} MB`;
}

export function formatAge(ms: number): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  if (seconds < 60) return `${String(seconds)}s`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))}m${String(seconds % 60)}s`;
  return `${String(Math.floor(seconds / 3600))}h${String(Math.floor((seconds % 3600) / 60))}m`;
}
