import { type ServiceName } from "../../lib/events";
import { withSystem } from "../target/system";
import { checkFacts } from "./check";
import { type Report } from "./facts";
import { readFacts, type Sources } from "./read";
import { restMs, waitForRest } from "./rest";

/** Checks the running system that the commands are about, once it is at rest. */
export function checkRunning(say: (line: string) => void): Promise<Report> {
  return withSystem({ changes: false }, async (system) => {
    const sources: Sources = {
      databases: (await system.databaseUrls()) as Record<ServiceName, string>,
      natsUrl: await system.natsUrl(),
    };
    const unsettled = await waitForRest(() => sources);
    if (unsettled.length > 0) say(`not at rest after ${String(restMs / 1000)} s; checking as it is`);
    unsettled.forEach(say);
    return checkFacts(await readFacts(sources));
  });
}

/** The report as lines of text. */
export function formatInvariants({ counts, violations, leftovers }: Report): string[] {
  const counted = Object.entries(counts).map(([name, count]) => `${String(count)} ${name}`);
  return [
    `checked ${counted.join(", ")}`,
    ...violations.map(({ invariant, subject, detail }) => `violated: ${invariant}: ${subject}: ${detail}`),
    ...(leftovers.length > 0
      ? [`left behind by the pattern events, where nobody undoes: ${String(leftovers.length)}`]
      : []),
    ...(violations.length === 0 ? ["every invariant holds"] : []),
  ];
}
