import { Command } from "commander";

import { replayOutbox } from "../../lib/replay";
import { countInDatabases } from "../target/databases";
import { withSystem } from "../target/system";
import { note, print, printJson, table } from "./terminal";
import { parseSince } from "./values";

export function replayCommand(): Command {
  return new Command("replay")
    .description(
      "publish again, from the outboxes, what the broker may have lost; who had an event before does nothing",
    )
    .requiredOption("--since <time>", "an ISO 8601 time, or how long ago, such as 10m", (text) =>
      parseSince(text),
    )
    .option("--json", "print JSON")
    .action(async (options: { since: Date; json?: boolean }) => {
      const counts = await withSystem({ changes: true }, (system) =>
        countInDatabases(system, (db) => replayOutbox(db, options.since)),
      );
      const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
      if (options.json === true) {
        printJson({ since: options.since.toISOString(), total, services: counts });
        return;
      }
      const rows = Object.entries(counts).filter(([, count]) => count > 0);
      if (rows.length > 0)
        print(
          table(
            ["service", "events"],
            rows.map(([name, count]) => [name, String(count)]),
          ),
        );
      note(`${String(total)} events since ${options.since.toISOString()} are being published again`);
    });
}
