import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";
import { asyncApiDocument, eventsMarkdown } from "./events-doc";
import { metricsMarkdown } from "./metrics-doc";
import { generateProtoTypes } from "./proto-types";

async function main(): Promise<void> {
  await generateProtoTypes(join(projectRoot, "proto"), join(projectRoot, "lib/proto"));
  await writeFile(join(projectRoot, "docs/events.md"), eventsMarkdown());
  await writeFile(join(projectRoot, "docs/asyncapi.yaml"), asyncApiDocument());
  await writeFile(join(projectRoot, "docs/metrics.md"), metricsMarkdown());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
