import { parseDocument } from "yaml";
import { z } from "zod";

import type { SourceFile } from "../compile/types";
import { namespaces } from "./world";

const named = z.looseObject({
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/** A YAML document of a file: its place, and the object that it says it is. */
type Part = { start: number; end: number; key: string | undefined };

/** An EnvoyFilter as text, and the line of its file on which that begins. */
export type EnvoyFilterText = SourceFile & { line: number };

/** `VirtualService symphony/order`: what makes two documents the same object. */
export type ObjectKey = string;

/** The documents of a file. What cannot be read has no key: the compiler is to say what is wrong with it. */
function partsOf(text: string): Part[] {
  const starts = [0, ...[...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index)];
  return starts.map((start, index) => {
    const end = starts[index + 1] ?? text.length;
    return { start, end, key: keyOf(text.slice(start, end)) };
  });
}

function keyOf(text: string): ObjectKey | undefined {
  const document = parseDocument(text.replace(/^---/, ""), { logLevel: "silent" });
  if (document.errors.length > 0) return undefined;
  const object = named.safeParse(document.toJS());
  if (!object.success) return undefined;
  const { kind, metadata } = object.data;
  return `${kind} ${metadata.namespace ?? namespaces.services}/${metadata.name}`;
}

/** The objects that a file holds, as far as it can be read. */
export function keysOf(text: string): ObjectKey[] {
  return partsOf(text).flatMap(({ key }) => (key === undefined ? [] : [key]));
}

/** The text with those documents empty; every other line keeps its number. */
function without(text: string, keys: ReadonlySet<ObjectKey>): string {
  if (keys.size === 0) return text;
  return partsOf(text)
    .map(({ start, end, key }) => {
      const part = text.slice(start, end);
      return key !== undefined && keys.has(key) ? part.replace(/^(?!---).*$/gm, "") : part;
    })
    .join("");
}

/**
 * The rules in force, as a cluster keeps them: the files of mesh/base, and over them what was applied, object by
 * object. A value: a change gives a new one, which is kept only once the sidecars have taken it.
 */
export class Rules {
  /** What `envoyFilters` gave: a value has the same ones for ever. */
  private filters: readonly EnvoyFilterText[] | undefined;

  constructor(
    readonly base: readonly SourceFile[],
    /** The last one wins. */
    readonly applied: readonly SourceFile[] = [],
    /** Objects of the base that were deleted. */
    private readonly deleted: ReadonlySet<ObjectKey> = new Set(),
  ) {}

  /** What the compiler reads. */
  files(): SourceFile[] {
    const hidden = new Set(this.deleted);
    const files: SourceFile[] = [];
    for (const file of this.applied.toReversed()) {
      files.unshift({ path: file.path, text: without(file.text, hidden) });
      for (const key of keysOf(file.text)) hidden.add(key);
    }
    return [...this.base.map(({ path, text }) => ({ path, text: without(text, hidden) })), ...files];
  }

  /** Each EnvoyFilter: of these only Envoy itself can judge the insides. */
  envoyFilters(): readonly EnvoyFilterText[] {
    this.filters ??= this.files()
      .filter(({ text }) => /^kind:\s*EnvoyFilter\b/m.test(text))
      .flatMap(({ path, text }) =>
        partsOf(text)
          .filter(({ key }) => key?.startsWith("EnvoyFilter ") === true)
          .map(({ start, end }) => {
            const own = text.slice(start, end).replace(/^---/, "").trimStart();
            return { path, line: text.slice(0, end - own.length).split("\n").length, text: own.trimEnd() };
          }),
      );
    return this.filters;
  }

  /** As `kubectl apply`: its objects replace those of the same name. */
  apply(file: SourceFile): Rules {
    const keys = new Set(keysOf(file.text));
    const deleted = new Set([...this.deleted].filter((key) => !keys.has(key)));
    const applied = dropped(this.applied, keys);
    // A file of the base as it stands is no change of it: the objects that covered it are gone.
    if (this.base.some(({ path, text }) => path === file.path && text === file.text))
      return new Rules(this.base, applied, deleted);
    return new Rules(this.base, [...applied, file], deleted);
  }

  /** As `kubectl delete --ignore-not-found`. */
  remove(text: string): Rules {
    const keys = new Set(keysOf(text));
    const inBase = this.base.flatMap((file) => keysOf(file.text)).filter((key) => keys.has(key));
    return new Rules(this.base, dropped(this.applied, keys), new Set([...this.deleted, ...inBase]));
  }

  /** Takes back what was applied; an object of the base that it covered is in force again. */
  uncover(text: string): Rules {
    return new Rules(this.base, dropped(this.applied, new Set(keysOf(text))), this.deleted);
  }

  /** What was applied, and holds an object that `text` holds too. */
  appliedWith(text: string): SourceFile[] {
    const keys = new Set(keysOf(text));
    return this.applied.filter((file) => keysOf(file.text).some((key) => keys.has(key)));
  }

  /** Files that were edited, with what was applied and deleted still over them. */
  replaceBase(base: readonly SourceFile[]): Rules {
    return new Rules(base, this.applied, this.deleted);
  }

  /** Nothing but the base. */
  reset(): Rules {
    return new Rules(this.base);
  }
}

/** The files without those objects; one that has none left is gone. */
function dropped(files: readonly SourceFile[], keys: ReadonlySet<ObjectKey>): SourceFile[] {
  return files
    .map(({ path, text }) => ({ path, text: without(text, keys) }))
    .filter(({ text }) => keysOf(text).length > 0);
}
