/**
 * JSON with the keys of every object in order and no blanks, so that equal values are equal bytes: jsonb keeps
 * neither the order of keys nor their spelling.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** A copy of `value` without the fields named in `fields`, at any depth, and with text that jsonb can hold. */
export function withoutFields(value: unknown, fields: ReadonlySet<string>): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map((item) => withoutFields(item, fields));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !fields.has(key))
      .map(([key, member]) => [storable(key), withoutFields(member, fields)]),
  );
}

/** Postgres refuses NUL and half surrogate pairs; an event with one must still be recorded. */
export function storable(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, "\ufffd");
}
