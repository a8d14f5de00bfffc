const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** HTML that is safe to send: only the `html` tag makes it. */
export class Html {
  constructor(readonly markup: string) {}
}

/** `value` as the text of an element or of a quoted attribute. */
export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A template tag: every value is escaped, unless it is Html itself. */
export function html(parts: TemplateStringsArray, ...values: (string | number | Html)[]): Html {
  const markup = values.map((value, index) => {
    const safe = value instanceof Html ? value.markup : escapeHtml(String(value));
    return safe + (parts[index + 1] ?? "");
  });
  return new Html((parts[0] ?? "") + markup.join(""));
}
