type Stream = NodeJS.WriteStream;

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Colour = keyof typeof codes;

/** Whether `stream` shows colours: a terminal, unless NO_COLOR is set (https://no-color.org) or TERM is dumb. */
export function hasColour(stream: Stream, environment: NodeJS.ProcessEnv = process.env): boolean {
  if ((environment.NO_COLOR ?? "") !== "" || environment.TERM === "dumb") return false;
  return stream.isTTY;
}

/** Colours text for `stream`, or leaves it as it is. */
export function painter(stream: Stream): (colour: Colour, text: string) => string {
  const enabled = hasColour(stream);
  return (colour, text) => (enabled ? `\u001b[${String(codes[colour])}m${text}\u001b[0m` : text);
}

/** Data goes to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0));
}

/** Everything that is not data goes to stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns as wide as their widest cell; `header` in front. Colours are not counted as width. */
export function table(header: string[], rows: string[][]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ""))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

// Colour codes, which take no place on the screen.
const invisible = /\u001b\[\d+m/g;
const width = (text: string): number => text.replace(invisible, "").length;
