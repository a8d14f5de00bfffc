import { escape } from "./svg";

const style = `
:root { color-scheme: light dark; --line: #8884; --band: #d9770633; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.verdict { font-size: 1.2rem; font-weight: 600; padding: .6rem .9rem; border: 2px solid; border-radius: .4rem; }
.held { border-color: #15803d; } .failed, .stopped, .interrupted { border-color: #b91c1c; } .inconclusive { border-color: #a16207; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; } .legend { font-weight: 400; font-size: .85rem; margin-left: .6rem; } .legend span { margin-right: .8rem; }
svg[role=img] { width: 100%; height: auto; } .band { fill: var(--band); } .grid { stroke: var(--line); } .axis { font-size: 11px; fill: currentColor; opacity: .75; }
pre { overflow-x: auto; padding: .8rem; border: 1px solid var(--line); border-radius: .4rem; font-size: .85rem; }
`;

/** A whole page in one file: nothing is fetched, no script runs. `body` is HTML. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

/** A table; cells are text, and those of the columns in `numbers` stand to the right. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly number[] = [],
): string {
  const head = header.map((cell) => `<th scope="col">${escape(cell)}</th>`).join("");
  const body = rows
    .map(
      (row) =>
        `<tr>${row.map((cell, column) => `<td${numbers.includes(column) ? ' class="number"' : ""}>${escape(cell)}</td>`).join("")}</tr>`,
    )
    .join("\n");
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}
