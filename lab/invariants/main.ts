import { type ServiceName } from "../../lib/events";
import { stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { checkFacts } from "./check";
import { isAtRest, readFacts, type Sources } from "./read";

const restLimitMs = 60_000;

/** Waits until nothing is on its way; what is still open then shows in the facts. */
async function waitForRest(sources: Sources): Promise<void> {
  const deadline = Date.now() + restLimitMs;
  while (!(await isAtRest(sources))) {
    if (Date.now() > deadline) {
      process.stderr.write(`not at rest after ${restLimitMs / 1000} s; checking as it is\n`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** Checks the running system; prints a report, as JSON with --json. Exit code 1 where an invariant is violated. */
async function main(): Promise<number> {
  const state = requireRunning(stateFolder());
  if (state.natsUrl === undefined) throw new Error("the running system has no broker of its own");
  const sources: Sources = {
    databases: state.databaseUrls as Record<ServiceName, string>,
    natsUrl: state.natsUrl,
  };
  await waitForRest(sources);
  const report = checkFacts(await readFacts(sources));
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else {
    const counts = Object.entries(report.counts).map(([name, count]) => `${count} ${name}`);
    process.stdout.write(`checked ${counts.join(", ")}\n`);
    for (const { invariant, subject, detail } of report.violations) {
      process.stdout.write(`violated: ${invariant}: ${subject}: ${detail}\n`);
    }
    if (report.leftovers.length > 0) {
      process.stdout.write(
        `left behind by the pattern events, where nobody undoes: ${report.leftovers.length}\n`,
      );
    }
    process.stdout.write(report.violations.length === 0 ? "every invariant holds\n" : "");
  }
  return report.violations.length === 0 ? 0 : 1;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
