import { isMap, isNode, isPair, type LineCounter, type Node, type Pair, type ParsedNode } from "yaml";

import { type Problem } from "../types";

/** Keys and indices from the root of a document. */
export type Path = readonly (string | number)[];

/** Where in a file something stands. */
export type Origin = { file: string; line: number };

/** `spec.http[0].match`, as kubectl writes it. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === "number"
        ? `[${String(part)}]`
        : /^[\w-]+$/.test(part)
          ? `${index === 0 ? "" : "."}${part}`
          : `["${part}"]`,
    )
    .join("");
}

/** One Kubernetes object of a file, with the position of each of its fields. */
export class SourceDocument {
  readonly problems: Problem[] = [];

  constructor(
    readonly file: string,
    readonly root: ParsedNode,
    readonly content: unknown,
    private readonly lines: LineCounter,
  ) {}

  /** The line of the field at `path`, or of the nearest field around it that exists. */
  origin(path: Path = []): Origin {
    return { file: this.file, line: this.position(path).line };
  }

  /** Notes what is wrong with the field at `path`. */
  refuse(path: Path, message: string): void {
    const { line, col } = this.position(path);
    this.problems.push({ file: this.file, line, column: col, field: formatPath(path), message });
  }

  /** Whether the field at `path`, or one around it, was refused already. */
  isRefused(path: Path): boolean {
    return path.some((_, index) =>
      this.problems.some(({ field }) => field === formatPath(path.slice(0, index + 1))),
    );
  }

  private position(path: Path): { line: number; col: number } {
    let node: Node | Pair = this.root;
    for (const part of path) {
      const next = childOf(isPair(node) ? node.value : node, part);
      if (next === undefined) break;
      node = next;
    }
    return this.lines.linePos(startOf(node));
  }
}

function childOf(node: unknown, part: string | number): Node | Pair | undefined {
  if (isMap(node)) return node.items.find(({ key }) => isNode(key) && String(key) === String(part));
  if (typeof part === "number" && isNode(node) && "items" in node) {
    const item = node.items[part];
    return isNode(item) ? item : undefined;
  }
  return undefined;
}

function startOf(node: Node | Pair): number {
  if (isPair(node)) return isNode(node.key) ? (node.key.range?.[0] ?? 0) : 0;
  return node.range?.[0] ?? 0;
}
