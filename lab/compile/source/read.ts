import {
  type Document,
  isAlias,
  isScalar,
  LineCounter,
  parseAllDocuments,
  type ParsedNode,
  visit,
} from "yaml";

import { type Problem, type SourceFile } from "../types";
import { SourceDocument } from "./document";

export type ReadResult = { documents: SourceDocument[]; problems: Problem[] };

const parserMessages: Partial<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice; keep one",
  TAB_AS_INDENT: "a tab; YAML is indented with spaces",
};

/** The objects of a YAML file. What is between two separators without content is skipped. */
export function readFile({ path, text }: SourceFile): ReadResult {
  const lines = new LineCounter();
  const result: ReadResult = { documents: [], problems: [] };
  for (const parsed of parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true })) {
    const problems = problemsOf(parsed, path, lines);
    result.problems.push(...problems);
    if (problems.length > 0 || parsed.contents === null) continue;
    const content: unknown = parsed.toJS();
    if (content !== null) result.documents.push(new SourceDocument(path, parsed.contents, content, lines));
  }
  return result;
}

function problemsOf(parsed: Document.Parsed, file: string, lines: LineCounter): Problem[] {
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, field: "", message };
  };
  const problems = parsed.errors.map(({ code, message, pos }) =>
    at(pos[0], parserMessages[code] ?? `no YAML: ${message.split("\n")[0] ?? ""}`),
  );
  visit(parsed, (_key, node) => {
    const message = refusal(node as ParsedNode);
    if (message !== undefined) problems.push(at((node as ParsedNode).range[0], message));
  });
  return problems;
}

/** YAML that means one thing here and another to kubectl, or hides what is written. */
function refusal(node: ParsedNode): string | undefined {
  if (isAlias(node)) return `the alias *${node.source} is not supported; write out what it stands for`;
  if (!isScalar(node)) return undefined;
  // kubectl reads YAML 1.1, where these are booleans.
  if (node.type === "PLAIN" && /^(y|yes|no|n|on|off)$/i.test(node.source))
    return `kubectl reads ${node.source} as true or false; put it in quotes, or write true or false`;
  return undefined;
}
