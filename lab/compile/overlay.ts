import { parseAllDocuments, type ParsedNode } from "yaml";
import { z } from "zod";

import { type SourceFile } from "./types";

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default("default") }),
});

/**
 * `base` as it is once `over` has been applied: an object of the same kind, namespace and name replaces the
 * earlier one, as `kubectl apply` has it. What is left of `base` stands on the lines where it stood.
 */
export function overlay(base: SourceFile[], over: SourceFile[]): SourceFile[] {
  const replaced = new Set(over.flatMap(({ text }) => parse(text).flatMap(({ key }) => key ?? [])));
  return [...base.map((file) => blank(file, replaced)), ...over];
}

function parse(text: string): { key: string | undefined; contents: ParsedNode | null }[] {
  return parseAllDocuments(text).map((document) => {
    // What is broken has no name; compiling it says why.
    const parsed = named.safeParse(document.errors.length > 0 ? undefined : document.toJS());
    if (!parsed.success) return { key: undefined, contents: document.contents };
    const { kind, metadata } = parsed.data;
    return { key: `${kind} ${metadata.namespace}/${metadata.name}`, contents: document.contents };
  });
}

function blank({ path, text }: SourceFile, replaced: Set<string>): SourceFile {
  let result = text;
  for (const { key, contents } of parse(text)) {
    if (contents === null || key === undefined || !replaced.has(key)) continue;
    const [start, , end] = contents.range;
    result = result.slice(0, start) + result.slice(start, end).replace(/[^\n]/g, " ") + result.slice(end);
  }
  return { path, text: result };
}
