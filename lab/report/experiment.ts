import { stringify } from "yaml";

import { type Journal } from "../experiments/journal";
import { formatMeasure } from "../experiments/verdict";
import { machineRows } from "./machine";
import { renderPage, renderTable } from "./page";
import { escape, renderPlot, type Series } from "./svg";

const words: Record<Journal["symphony"]["outcome"], string> = {
  held: "✓ held: the fault was seen, and every sentence of the hypothesis holds",
  failed: "✗ failed: the fault was seen, and the hypothesis does not hold",
  stopped: "■ stopped by a condition, before there was a verdict",
  inconclusive: "? inconclusive: this run says nothing about the system",
  interrupted: "■ interrupted",
};

const paragraph = (text: string): string => `<p>${escape(text)}</p>`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** One experiment's run as a page of its own: numbers, plots, the timeline, and what it takes to run it again. */
export function renderReport(journal: Journal): string {
  const { experiment, symphony } = journal;
  const { verdict, outcome } = symphony;
  const title = experiment.title + (symphony.withoutProtection ? " (without its protection)" : "");
  const reasons =
    verdict.reasons.length === 0
      ? ""
      : `<ul>${verdict.reasons.map((line) => `<li>${escape(line)}</li>`).join("")}</ul>`;
  return renderPage(
    title,
    [
      `<h1>${escape(title)}</h1>`,
      paragraph(experiment.description),
      `<p class="verdict ${outcome}">${escape(words[outcome])}</p>${reasons}`,
      "<h2>Was the fault there?</h2>",
      effectsTable(journal),
      "<h2>Did the system hold?</h2>",
      renderTable(
        ["measured", "with the fault", "control run", "expected", ""],
        verdict.findings.map(({ measure, observed, control, limit, held }) => [
          measure,
          formatMeasure(measure, observed),
          formatMeasure(measure, control),
          limit,
          held ? "✓ held" : "✗ not held",
        ]),
        [1, 2],
      ),
      "<h2>Over time</h2>",
      paragraph(
        "By the intended send time of each order. Shaded: while something was broken. Both runs were sent the same orders at the same times.",
      ),
      ...plots(journal),
      "<h2>What was done</h2>",
      timeline(journal),
      "<h2>To run it again</h2>",
      paragraph(
        `./symphony experiment run ${symphony.file} --seed ${String(symphony.seed)}${symphony.withoutProtection ? " --without-protection" : ""}`,
      ),
      renderTable(["", ""], surroundings(journal)),
      `<details><summary>The experiment</summary><pre>${escape(stringify(experiment))}</pre></details>`,
    ].join("\n"),
  );
}

function effectsTable({ symphony }: Journal): string {
  const { effects } = symphony.verdict;
  if (effects.length === 0) return paragraph("Nothing was done.");
  return renderTable(
    ["action", "what was seen", ""],
    effects.map(({ name, detail, confirmed }) => [name, detail, confirmed ? "✓ confirmed" : "✗ not seen"]),
  );
}

function plots({ symphony }: Journal): string[] {
  const { control, fault } = symphony;
  const bands = symphony.bands.map(({ name, fromMs, toMs }) => ({
    name,
    from: fromMs / 1000,
    to: toMs / 1000,
  }));
  const pair = (
    name: string,
    pick: (second: NonNullable<typeof fault>["seconds"][number]) => number | undefined,
  ): Series[] => [
    { name: `${name}, with the fault`, colour: "#c2410c", values: fault?.seconds.map(pick) ?? [] },
    { name: `${name}, control`, colour: "#2563eb", dash: "5 4", values: control?.seconds.map(pick) ?? [] },
  ];
  const shared = { stepSeconds: 1, bands };
  return [
    renderPlot({
      ...shared,
      title: "Good orders per second",
      unit: "",
      series: pair("good", ({ good }) => good),
    }),
    renderPlot({
      ...shared,
      title: "Refused, or ended otherwise than asked, per second",
      unit: "",
      series: pair("bad", ({ bad }) => bad),
    }),
    renderPlot({
      ...shared,
      title: "To the answer, median",
      unit: "ms",
      series: pair("p50", ({ p50 }) => p50),
    }),
    renderPlot({
      ...shared,
      title: "To the answer, slowest of each second",
      unit: "ms",
      series: pair("p99", ({ p99 }) => p99),
    }),
  ];
}

function timeline({ symphony, run }: Journal): string {
  const rows = symphony.bands
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map(({ name, fromMs, toMs }) => {
      const record = run.find(({ activity }) => activity.name === name);
      return [seconds(fromMs), seconds(toMs), name, String(record?.output ?? "")];
    });
  return renderTable(["from", "to", "action", "what it did"], rows, [0, 1]);
}

function surroundings({ symphony, start, duration }: Journal): string[][] {
  const { control, fault } = symphony;
  const lag = (name: string, run: typeof fault): string =>
    `${name} p99 ${String(run?.lagMs?.p99 ?? "-")} ms, ${String(run?.sent ?? 0)} sent, ${String(run?.notSent ?? 0)} not sent`;
  return [
    ["run", `${start}, ${duration.toFixed(0)} s in all`],
    ["system", `${symphony.target}: ${symphony.system}`],
    ...machineRows(symphony),
    ["load generator, sent late by", `${lag("control", control)}; ${lag("with the fault", fault)}`],
  ];
}
