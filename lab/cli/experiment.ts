import { Command } from "commander";

import { type Journal } from "../experiments/journal";
import { experimentFiles, loadExperiment } from "../experiments/parse";
import { formatMeasure } from "../experiments/verdict";
import { type RunCommandOptions, runExperiments } from "./experiment-run";
import { print, printJson, table } from "./terminal";
import { parseInteger } from "./values";

type Json = { json?: boolean };

export function experimentCommand(): Command {
  const experiment = new Command("experiment").description(
    "break it on purpose under load, and judge by a hypothesis: files of lab/experiments",
  );
  experiment
    .command("run")
    .description(
      "run experiments; exits with 0 held, 1 failed, 2 a wrong file, 3 refused, 4 stopped by a condition, 5 inconclusive",
    )
    .argument("<file...>", "files or names of lab/experiments, or all")
    .option("--seed <n>", "in the place of the file's", parseInteger(0, 2 ** 32 - 1))
    .option("--private", "on a system of its own, although one runs")
    .option(
      "--without-protection",
      "take away what protects the system first: the hypothesis should then fail",
    )
    .option("--junit <file>", "write the verdicts as JUnit XML, for CI")
    .option("--json", "print the journals as JSON")
    .action((files: string[], options: RunCommandOptions) => runExperiments(files, options));
  experiment
    .command("list")
    .description("the experiments of lab/experiments, and what each is about")
    .option("--json", "print JSON")
    .action(list);
  experiment
    .command("validate")
    .description("read files without running them; exits with 2 where one is wrong")
    .argument("<file...>", "files, or names of lab/experiments")
    .option("--json", "print JSON")
    .action(validate);
  return experiment;
}

async function list(options: Json): Promise<void> {
  const all = await Promise.all(experimentFiles().map(loadExperiment));
  if (options.json === true) {
    printJson(all.map(({ name, file, experiment }) => ({ name, file, ...pick(experiment) })));
    return;
  }
  print(
    table(
      ["experiment", "about"],
      all.map(({ name, experiment }) => [name, experiment.title]),
    ),
  );
}

function pick({ title, description, tags, protection }: Journal["experiment"]): object {
  return { title, description: description.trim(), tags, protection: protection?.what };
}

async function validate(files: string[], options: Json): Promise<void> {
  const loaded = [];
  for (const file of files) loaded.push(await loadExperiment(file));
  if (options.json === true) printJson(loaded.map(({ file }) => ({ file, valid: true })));
  else for (const { file } of loaded) print(`${file} is an experiment`);
}

/** The verdict of one run as lines of text. */
export function verdictLines({ symphony }: Journal): string[] {
  const { verdict } = symphony;
  return [
    `fault ${verdict.faultConfirmed ? "confirmed" : "not confirmed"}`,
    ...verdict.effects.map(({ name, confirmed, detail }) => `  ${confirmed ? "✓" : "✗"} ${name}: ${detail}`),
    table(
      ["  measured", "with the fault", "control", "expected", ""],
      verdict.findings.map(({ measure, observed, control, limit, held }) => [
        `  ${measure}`,
        formatMeasure(measure, observed),
        formatMeasure(measure, control),
        limit,
        held ? "held" : "NOT HELD",
      ]),
    ),
    ...verdict.reasons.map((reason) => `  ${reason}`),
  ];
}
