import { armNames } from "../bench/headline/arms";
import { type HeadlineRun } from "../bench/headline/headline";
import { headings, headlineTables, verdictOf } from "../bench/headline/print";
import { pairsOf } from "../bench/headline/rows";
import { type PhaseScore } from "../bench/headline/score";
import { machineRows } from "./machine";
import { renderPage, renderTable } from "./page";
import { escape, renderPlot, type Series } from "./svg";

const paragraph = (text: string): string => `<p>${escape(text)}</p>`;
const looks = {
  chaos: { colour: "#c2410c" },
  symphony: { colour: "#2563eb", dash: "5 4" },
} as const;

/** A headline run as a page of its own: the comparison, the timeline of each pair, and what it takes to run it again. */
export function renderHeadlineReport(run: HeadlineRun): string {
  const { settings, ceilings, seed } = run;
  const verdict = verdictOf(run);
  const quick = settings.quick ? " --quick" : "";
  return renderPage(
    run.title,
    [
      `<h1>${escape(run.title)}</h1>`,
      paragraph(
        "The article's before and after as two profiles of one system, under the same arrivals and the same faults. " +
          "What each of them runs stands in lab/bench/headline/arms.ts.",
      ),
      `<p class="verdict ${run.valid ? "held" : "failed"}">${escape(verdict.join(" ") || "✓ whole and valid")}</p>`,
      ...headlineTables(run.rows)
        .filter(({ cells }) => cells.length > 0)
        .flatMap(({ title, cells }) => [
          `<h2>${escape(title)}</h2>`,
          renderTable(headings, cells, [2, 3, 4]),
        ]),
      "<h2>The correlated faults over time</h2>",
      paragraph("By the intended send time of each order. Shaded: while something was broken."),
      ...plots(run),
      ...(run.repeated.length === 0
        ? []
        : ["<h2>Measured again</h2>", ...run.repeated.map((reason) => paragraph(reason))]),
      "<h2>To run it again</h2>",
      paragraph(
        `npm run bench -- headline${quick} --pairs ${String(settings.pairs)} --requests ${String(settings.requests)} ` +
          `--rate ${String(settings.lengths.rate)} --seed ${String(seed)}`,
      ),
      renderTable(
        ["", ""],
        [
          ["run", `${run.id}, ${run.startedAt}`],
          ...machineRows(run),
          ["orders per second", settings.lengths.rate.toFixed(1)],
          [
            "ceilings without faults",
            armNames.map((name) => `${name} ${ceilings[name].toFixed(1)}/s`).join(", "),
          ],
          ["load generator, sent late by", `at most ${worstLag(run).toFixed(1)} ms (p99 of the worst phase)`],
        ],
      ),
    ].join("\n"),
  );
}

/** How late the generator sent, at the 99th percentile, in the phase in which it was latest; ms. */
export function worstLag({ blocks }: Pick<HeadlineRun, "blocks">): number {
  const p99s = blocks.flatMap(({ calm, independent, correlated }) =>
    [calm, independent, correlated].map(({ lag }) => lag?.p99 ?? 0),
  );
  return Math.max(0, ...p99s);
}

function plots({ blocks }: HeadlineRun): string[] {
  return pairsOf(blocks).flatMap((pair) => {
    const bands = pair.chaos.correlated.recovery.map(({ kind, atMs, endMs }) => ({
      ...{ name: kind, from: atMs / 1000, to: endMs / 1000 },
    }));
    const seriesOf = (
      pick: (second: NonNullable<PhaseScore["seconds"]>[number]) => number | undefined,
    ): Series[] =>
      armNames.map((name) => ({
        ...{ name, ...looks[name] },
        values: pair[name].correlated.seconds?.map(pick) ?? [],
      }));
    const shared = { stepSeconds: 1, bands };
    const title = `Pair ${String(pair.chaos.pair + 1)}`;
    return [
      renderPlot({
        ...{ ...shared, title: `${title}: confirmed orders by the second in which they were sent`, unit: "" },
        series: seriesOf(({ good }) => good),
      }),
      renderPlot({
        ...{ ...shared, title: `${title}: to the answer, slowest of each second`, unit: "ms" },
        series: seriesOf(({ p99 }) => p99),
      }),
    ];
  });
}
