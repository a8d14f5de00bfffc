import { join } from "node:path";

import { Command } from "commander";

import { compareRuns, findRun, listRuns, readJournal, runsFolder, type RunSummary } from "../runs/store";
import { note, print, printJson, table } from "./terminal";

type Json = { json?: boolean };

export function runsCommand(): Command {
  const runs = new Command("runs").description(
    "the experiments and comparing benches that were run, kept in .symphony/runs",
  );
  runs
    .command("list")
    .description("every kept run, the newest first")
    .option("--json", "print JSON")
    .action((options: Json) => {
      list(options);
    });
  runs
    .command("show")
    .description("one run: what was measured, and where its report lies")
    .argument("<run>", "its id, the beginning of it, an experiment's name for its newest run, or latest")
    .option("--json", "print its whole journal")
    .action((given: string, options: Json) => {
      show(given, options);
    });
  runs
    .command("compare")
    .description("two runs side by side, figure by figure")
    .argument("<a>", "as for show")
    .argument("<b>", "as for show")
    .option("--json", "print JSON")
    .action((a: string, b: string, options: Json) => {
      compare(findRun(a), findRun(b), options);
    });
  return runs;
}

function list(options: Json): void {
  const runs = listRuns();
  if (options.json === true) {
    printJson(runs);
    return;
  }
  if (runs.length === 0) {
    note("no run is kept yet; make one with ./symphony experiment run");
    return;
  }
  print(
    table(
      ["run", "kind", "outcome", "title"],
      runs.map(({ id, kind, outcome, title }) => [id, kind, outcome, title]),
    ),
  );
}

const figure = (value: number | null | undefined, unit: string): string =>
  value === undefined || value === null ? "-" : `${String(Math.round(value * 100) / 100)} ${unit}`.trim();

function show(given: string, options: Json): void {
  const run = findRun(given);
  if (options.json === true) {
    printJson(readJournal(run.id));
    return;
  }
  print(`${run.title}\n${run.kind} ${run.name}, ${run.startedAt}: ${run.outcome}\n`);
  print(
    table(
      ["measured", "value"],
      Object.entries(run.figures).map(([name, { value, unit }]) => [name, figure(value, unit)]),
    ),
  );
  const folder = join(runsFolder(), run.id);
  note(`report ${join(folder, "report.html")}\njournal ${join(folder, "journal.json")}`);
}

/** An experiment without its protection is the same experiment. */
const subjectOf = ({ kind, name }: RunSummary): string => `${kind} ${name.replace(/-unprotected$/, "")}`;

function compare(a: RunSummary, b: RunSummary, options: Json): void {
  const rows = compareRuns(a, b);
  if (options.json === true) {
    printJson({ a: a.id, b: b.id, figures: rows });
    return;
  }
  if (subjectOf(a) !== subjectOf(b))
    note(`these are runs of different things: ${a.kind} ${a.name} and ${b.kind} ${b.name}`);
  print(`a  ${a.id}  ${a.outcome}\nb  ${b.id}  ${b.outcome}\n`);
  print(
    table(
      ["measured", "a", "b", "b / a"],
      rows.map(({ name, unit, a: left, b: right, ratio }) => [
        name,
        figure(left, unit),
        figure(right, unit),
        ratio === undefined ? "-" : String(ratio),
      ]),
    ),
  );
}
