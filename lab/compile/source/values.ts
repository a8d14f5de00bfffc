import { RE2JS } from "re2js";

const unitMs: Record<string, number> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
const part = /(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s)/gy;

/** Milliseconds of a duration as Go writes them (`1h30m`, `1.5s`, `250ms`), or what is wrong with it. */
export function parseDuration(text: string): number | { problem: string } {
  if (text === "0") return 0;
  part.lastIndex = 0;
  let ms = 0;
  let read = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    ms += Number(match[1]) * (unitMs[match[2] ?? ""] ?? 0);
    read = part.lastIndex;
  }
  if (text !== "" && read === text.length) return ms;
  const hint = /^\d+(\.\d+)?$/.test(text) ? `; write ${text}s for seconds` : "";
  return { problem: `"${text}" is no duration: a number and a unit, such as 250ms, 1.5s, 2m, 1h${hint}` };
}

const compiled = new Map<string, string | undefined>();

/** What RE2 says against a regular expression; undefined where it compiles. */
export function checkRegex(regex: string): string | undefined {
  if (!compiled.has(regex)) compiled.set(regex, compileRegex(regex));
  return compiled.get(regex);
}

function compileRegex(regex: string): string | undefined {
  try {
    RE2JS.compile(regex);
    return undefined;
  } catch (error) {
    const reason =
      error instanceof Error ? error.message.replace("error parsing regexp: ", "") : String(error);
    return `no regular expression of RE2: ${reason}; RE2 has no look-around and no back-references`;
  }
}
