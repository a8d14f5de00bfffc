import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { type Json, type SourceFile } from "../compile/types";
import { isObject, type JsonObject } from "./reduce/json";

/** An Istio object of a file that somebody brought. */
export type Brought = {
  kind: string;
  namespace: string;
  name: string;
  spec: JsonObject;
  /** Lines of the file, from 1, the last one included. */
  lines: [number, number];
};

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default("default") }),
});

/** The objects of a file. What is no object, or no YAML, has none; the compiler says why. */
export function objectsIn({ text }: SourceFile): Brought[] {
  return parseAllDocuments(text).flatMap((document): Brought[] => {
    if (document.errors.length > 0 || document.contents === null) return [];
    const content: unknown = document.toJS();
    const parsed = named.safeParse(content);
    if (!parsed.success) return [];
    const { kind, metadata } = parsed.data;
    const spec = parsed.data.spec as Json | undefined;
    const [start, end] = document.contents.range;
    return [
      {
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        spec: isObject(spec) ? spec : {},
        lines: [lineAt(text, start), lineAt(text, end - 1)],
      },
    ];
  });
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

/** `VirtualService shop/api`. */
export const titleOf = ({ kind, namespace, name }: Brought): string => `${kind} ${namespace}/${name}`;

/** The file without some of its objects; all others stand on the lines where they stood. */
export function without({ path, text }: SourceFile, objects: Brought[]): SourceFile {
  const kept = text.split("\n").map((line, index) => {
    const inside = objects.some(({ lines: [first, last] }) => index + 1 >= first && index + 1 <= last);
    return inside ? "" : line;
  });
  return { path, text: kept.join("\n") };
}
