import { type Document, isSeq, LineCounter, parseDocument } from "yaml";

import { formatProblem } from "../compile/types";
import { type EnvoyFilterText, type Rules } from "./rules";

type Candidate = { place: (message: string) => string; alone: Rules };

/**
 * Says where what Envoy refuses comes from, before its words: `file:line:column: field`, of the first new patch that it
 * refuses by itself over the rules of `before`. Where it refuses none by itself, of each new EnvoyFilter.
 */
export async function explainRefusal(
  message: string,
  {
    before,
    after,
    isRefused,
  }: { before: Rules; after: Rules; isRefused(rules: Rules): boolean | Promise<boolean> },
): Promise<string> {
  const known = new Set(before.envoyFilters().map(({ text }) => text));
  const fresh = after
    .envoyFilters()
    .filter(({ text }) => !known.has(text))
    .map((filter) => ({ filter, ...read(filter) }));
  for (const { filter, document, place } of fresh)
    for (const candidate of patchesOf(filter, { document, place, before }))
      if (await isRefused(candidate.alone)) return candidate.place(message);
  return fresh.map(({ place }) => place([])("one of its patches")).join(", ") + `: ${message}`;
}

type Placer = (path: (string | number)[]) => (message: string) => string;

function read({ path: file, line: firstLine, text }: EnvoyFilterText): { document: Document; place: Placer } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, logLevel: "silent" });
  const place: Placer = (path) => (message) => {
    const node = path.length === 0 ? document.contents : document.getIn(path, true);
    const start = (node as { range?: [number, number, number] | null } | undefined)?.range?.[0] ?? 0;
    const { line, col: column } = lineCounter.linePos(start);
    const field = path.map((step) => (typeof step === "number" ? `[${String(step)}]` : `.${step}`)).join("");
    return formatProblem({ file, line: firstLine + line - 1, column, field: field.slice(1), message });
  };
  return { document, place };
}

/** The same EnvoyFilter with one of its patches at a time. */
function patchesOf(
  { path, text }: EnvoyFilterText,
  { document, place, before }: { document: Document; place: Placer; before: Rules },
): Candidate[] {
  const list = ["spec", "configPatches"];
  const patches = document.getIn(list);
  if (!isSeq(patches)) return [];
  return patches.items.map((_, index) => {
    const alone = parseDocument(text);
    alone.setIn(list, [alone.getIn([...list, index])]);
    const value = [...list, index, "patch", "value"];
    return {
      place: place(document.hasIn(value) ? value : [...list, index]),
      alone: before.apply({ path, text: alone.toString() }),
    };
  });
}
