import { type Json } from "../types";
import { type Origin, type Path, type SourceDocument } from "./document";
import { checkRegex, parseDuration } from "./values";

/**
 * A field of an object while it is read. It remembers what was asked for, so that what nobody asked for can be
 * refused by name: nothing that a user wrote is ignored.
 */
export class Field {
  private readonly children = new Map<string | number, Field>();
  private whole = false;

  constructor(
    private readonly document: SourceDocument,
    readonly path: Path,
    private readonly value: unknown,
  ) {}

  get origin(): Origin {
    return this.document.origin(this.path);
  }

  /** Notes what is wrong with this field. */
  refuse(message: string): void {
    this.document.refuse(this.path, message);
  }

  /** The field `name` of this object; undefined where it is absent. */
  get(name: string): Field | undefined {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const value = isObject(this.value) ? this.value[name] : undefined;
    return value === undefined || value === null ? undefined : this.keep(name, value);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  text(name: string): string | undefined {
    return this.get(name)?.asText();
  }

  number(name: string): number | undefined {
    return this.typed(name, (value) => typeof value === "number", "number");
  }

  flag(name: string): boolean | undefined {
    return this.typed(name, (value) => typeof value === "boolean", "boolean");
  }

  /** The items of a list; none where it is absent. */
  list(name: string): Field[] {
    const field = this.get(name);
    if (field === undefined || !Array.isArray(field.value)) return [];
    return field.value.map((item, index) => field.keep(index, item));
  }

  texts(name: string): string[] {
    return this.list(name).map((item) => item.asText());
  }

  /** The entries of a map whose keys the user chose, sorted by key. */
  entries(name: string): [string, Field][] {
    const field = this.get(name);
    if (field === undefined || !isObject(field.value)) return [];
    return Object.keys(field.value)
      .sort()
      .flatMap((key) => {
        const entry = field.get(key);
        return entry === undefined ? [] : [[key, entry] satisfies [string, Field]];
      });
  }

  /** A map from text to text, such as labels. */
  textMap(name: string): Record<string, string> {
    return Object.fromEntries(this.entries(name).map(([key, field]) => [key, field.asText()]));
  }

  /** A duration in Envoy's notation, `0.5s`. Refuses one without a unit, and what is shorter than `minimumMs`. */
  duration(name: string, minimumMs = 1): string | undefined {
    const field = this.get(name);
    if (field === undefined) return undefined;
    const parsed = parseDuration(field.asText());
    if (typeof parsed !== "number") field.refuse(parsed.problem);
    else if (parsed < minimumMs)
      field.refuse(`${field.asText()} is too short; the least is ${String(minimumMs)}ms`);
    else return `${String(parsed / 1000)}s`;
    return undefined;
  }

  /** A regular expression that RE2, which Envoy uses, compiles. */
  regex(name: string): string | undefined {
    const field = this.get(name);
    const problem = field && checkRegex(field.asText());
    if (problem !== undefined) field?.refuse(problem);
    return field?.asText();
  }

  /** A number within bounds, both included. */
  within(name: string, [min, max]: [number, number]): number | undefined {
    const value = this.number(name);
    if (value !== undefined && (value < min || value > max))
      this.get(name)?.refuse(`${String(value)} is not between ${String(min)} and ${String(max)}`);
    return value;
  }

  asText(): string {
    return typeof this.value === "string" ? this.value : "";
  }

  /** The value as it stands, for what is handed on unread. */
  asJson(): Json {
    this.whole = true;
    return this.value as Json;
  }

  keys(): string[] {
    return isObject(this.value) ? Object.keys(this.value) : [];
  }

  /** Refuses every field within this one that was not read. */
  refuseUnread(): void {
    if (this.whole) return;
    for (const key of this.keys()) {
      const child = this.children.get(key);
      if (child !== undefined) child.refuseUnread();
      else this.refuseField(key);
    }
    if (Array.isArray(this.value)) for (const child of this.children.values()) child.refuseUnread();
  }

  private refuseField(key: string): void {
    const path = [...this.path, key];
    // What is around it may have been refused before it was read; one reason is enough.
    if ((this.value as Record<string, unknown>)[key] === null || this.document.isRefused(path)) return;
    this.document.refuse(path, "not supported by the mesh on a laptop; take it out, or use a cluster");
  }

  /** The schema says the type of most fields, but not of those that may be null. */
  private typed<T>(name: string, is: (value: unknown) => value is T, type: string): T | undefined {
    const field = this.get(name);
    if (field === undefined || is(field.value)) return field?.value as T | undefined;
    field.refuse(`${JSON.stringify(field.value)} is no ${type}`);
    return undefined;
  }

  private keep(name: string | number, value: unknown): Field {
    const known = this.children.get(name);
    if (known !== undefined) return known;
    const child = new Field(this.document, [...this.path, name], value);
    this.children.set(name, child);
    return child;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
