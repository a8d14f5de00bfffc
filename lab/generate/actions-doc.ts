import { z } from "zod";

import { isOwn, kindOf, touches } from "../experiments/actions";
import { type Action, actionArguments, type ActionFunction, probeArguments } from "../experiments/activities";
import { lacksOf } from "../experiments/engine";
import { lacking, lackOf, partly } from "../experiments/kube-lacks";
import { type LoadedExperiment } from "../experiments/parse";
import { hypothesisShape } from "../experiments/schema";
import { markdownTable } from "./markdown";

const begin = "<!-- made by npm run generate -->";
const end = "<!-- made until here -->";

function argumentsOf(schema: z.ZodType): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" });
  const names = Object.keys(properties).map((name) =>
    required.includes(name) ? `\`${name}\`` : `\`${name}\`?`,
  );
  return names.length === 0 ? "none" : names.join(" ");
}

function onCluster(func: ActionFunction): string {
  const provider = { func } as Action["provider"];
  if (isOwn(provider)) return "yes";
  const kind = kindOf[provider.func];
  return lacking[kind] === undefined ? (partly[kind] ?? "yes") : `no: ${lacking[kind]}`;
}

/** How an experiment's protection is taken away, in words. */
function withoutIt({ protection }: LoadedExperiment["experiment"]): string {
  if (protection === undefined) return "";
  const { rules, setup, patterns, method = [] } = protection.without;
  const done = method.filter((activity) => activity.type === "action");
  return [
    ...rules.map((file) => `\`${file}\` in force`),
    ...(patterns === undefined ? [] : [`over ${patterns.join(", ")}`]),
    ...setup.map(touches),
    ...(done.length === 0 ? [] : [`instead: ${done.map(touches).join("; ")}`]),
  ].join("; ");
}

function experimentRow({ name, file, experiment }: LoadedExperiment): string[] {
  const { protection } = experiment;
  const lacks = lacksOf(experiment, { target: "kube", lacks: lackOf });
  return [
    `[${name}](../${file})`,
    experiment.method
      .filter((activity) => activity.type === "action")
      .map(touches)
      .join("; "),
    protection?.what ?? "",
    withoutIt(experiment),
    protection?.turns.map((measure) => `\`${measure}\``).join(" ") ?? "",
    lacks.length === 0 ? "yes" : "no",
  ];
}

/** What a file may do, look at and expect, as the schema has it, and the files that there are. */
export function actionsMarkdown(all: readonly LoadedExperiment[]): string {
  const actions = Object.entries(actionArguments).map(([func, schema]) => [
    `\`${func}\``,
    argumentsOf(schema),
    schema.description ?? "",
    onCluster(func as ActionFunction),
  ]);
  const probes = Object.entries(probeArguments).map(([func, schema]) => [
    `\`${func}\``,
    argumentsOf(schema),
    schema.description ?? "",
  ]);
  const measures = Object.entries(hypothesisShape).map(([name, schema]) => [
    `\`${name}\``,
    schema.description ?? "",
  ]);
  return [
    "### Actions",
    "All of them work on the laptop.",
    markdownTable(["func", "arguments", "does", "on a cluster"], actions),
    "### Probes",
    markdownTable(["func", "arguments", "gives"], probes),
    "### What a hypothesis may expect",
    markdownTable(["measure", "is"], measures),
    "### The files that there are",
    "Each is run as it is, and once more without what protects the system: at least one of the named measures must then no longer hold.",
    markdownTable(
      ["file", "breaks", "what protects", "without it", "turns one of", "on a cluster"],
      all.map(experimentRow),
    ),
  ].join("\n\n");
}

/** The page with its made part replaced. Throws where it has none. */
export function replaceActions(page: string, made: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/experiments.md lacks "${begin}" or "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${made}\n\n${page.slice(to)}`;
}
