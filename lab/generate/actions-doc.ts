import { z } from "zod";

import { isOwn, kindOf } from "../experiments/actions";
import { type Action, actionArguments, type ActionFunction, probeArguments } from "../experiments/activities";
import { lacking } from "../experiments/kube-lacks";
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
  const reason = isOwn(provider) ? undefined : lacking[kindOf[provider.func]];
  return reason === undefined ? "yes" : `no: ${reason}`;
}

/** What a file may do, look at and expect, as the schema has it. */
export function actionsMarkdown(): string {
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
  ].join("\n\n");
}

/** The page with its made part replaced. Throws where it has none. */
export function replaceActions(page: string, made: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`docs/experiments.md lacks "${begin}" or "${end}"`);
  return `${page.slice(0, from + begin.length)}\n\n${made}\n\n${page.slice(to)}`;
}
