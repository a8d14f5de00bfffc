import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";
import { experimentFiles, loadExperiment } from "../experiments/parse";
import { actionsMarkdown, replaceActions } from "./actions-doc";
import { asyncApiDocument, eventsMarkdown } from "./events-doc";
import { experimentSchemaText } from "./experiment-schema";
import { metricsMarkdown } from "./metrics-doc";
import { generateProtoTypes } from "./proto-types";

async function main(): Promise<void> {
  await generateProtoTypes(join(projectRoot, "proto"), join(projectRoot, "lib/proto"));
  await writeFile(join(projectRoot, "docs/events.md"), eventsMarkdown());
  await writeFile(join(projectRoot, "docs/asyncapi.yaml"), asyncApiDocument());
  await writeFile(join(projectRoot, "docs/metrics.md"), metricsMarkdown());
  await writeFile(join(projectRoot, "lab/experiments/experiment.schema.json"), experimentSchemaText());
  const page = join(projectRoot, "docs/experiments.md");
  const all = await Promise.all(experimentFiles().map(loadExperiment));
  await writeFile(page, replaceActions(await readFile(page, "utf8"), actionsMarkdown(all)));
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
