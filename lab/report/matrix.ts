import { type MatrixRun } from "../bench/matrix/matrix";
import { machineRows } from "./machine";
import { renderPage, renderTable } from "./page";
import { escape } from "./svg";

const paragraph = (text: string): string => `<p>${escape(text)}</p>`;

/** A matrix run as a page of its own. */
export function renderMatrixReport(run: MatrixRun): string {
  const verdict = run.valid ? "✓ the load generator kept up" : run.doubts.join("; ");
  return renderPage(
    run.title,
    [
      `<h1>${escape(run.title)}</h1>`,
      paragraph(
        "The article's decision matrix, measured: beside each figure stands the article's word, and ours where it is another.",
      ),
      `<p class="verdict ${run.valid ? "held" : "failed"}">${escape(verdict)}</p>`,
      renderTable(
        run.headings,
        // Bold is a matter of Markdown.
        run.cells.map((cells) => cells.map((cell) => cell.replaceAll("**", ""))),
      ),
      ...run.remarks.map(paragraph),
      "<h2>To run it again</h2>",
      paragraph(`npm run bench -- matrix${run.quick ? " --quick" : ""} --seed ${String(run.seed)}`),
      renderTable(["", ""], [["run", `${run.id}, ${run.startedAt}`], ...machineRows(run)]),
    ].join("\n"),
  );
}
