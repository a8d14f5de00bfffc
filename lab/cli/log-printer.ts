import { type LogLine } from "../run/log-files";
import { type Colour, painter, print } from "./terminal";

/** One line of a log and whose it is. */
export type Entry = { line: LogLine; raw: string; source: string };

/** Sorts by time; lines of the same moment stay as they are. */
export const byTime = (a: Entry, b: Entry): number =>
  a.line.time < b.line.time ? -1 : a.line.time > b.line.time ? 1 : 0;

const palette: Colour[] = ["cyan", "magenta", "blue", "green", "yellow"];
const levelColours: Record<string, Colour> = {
  warn: "yellow",
  error: "red",
  fatal: "red",
  debug: "dim",
  trace: "dim",
};

/** Prints entries as they come: a line each, or JSON as it was logged. */
export function printer(json: boolean): (entry: Entry) => void {
  if (json) {
    return ({ line, raw, source }) => {
      if (raw.startsWith("{")) print(raw);
      else print(JSON.stringify({ level: line.level, time: line.time, service: source, msg: line.message }));
    };
  }
  const paint = painter(process.stdout);
  const colours = new Map<string, Colour>();
  return ({ line, source }) => {
    if (!colours.has(source)) colours.set(source, palette[colours.size % palette.length] ?? "cyan");
    const level = line.level.toUpperCase().padEnd(5);
    const fields = Object.entries(line.fields).map(([name, value]) => `${name}=${format(value)}`);
    print(
      [
        paint("dim", line.time.slice(11, 23).padEnd(12)),
        paint(colours.get(source) ?? "cyan", source.padEnd(12)),
        paint(levelColours[line.level] ?? "green", level),
        line.message,
        paint("dim", fields.join(" ")),
      ]
        .join(" ")
        .trimEnd(),
    );
  };
}

function format(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
