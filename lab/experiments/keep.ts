import { renderReport } from "../report/experiment";
import { type Figure, newRunId, type RunSummary, saveRun } from "../runs/store";
import { type Journal } from "./journal";
import { type Measures } from "./measures";
import { type Measure } from "./schema";
import { unitOf } from "./verdict";

function figuresOf(measures: Measures, prefix: string): [string, Figure][] {
  return (Object.entries(measures) as [Measure, number][]).map(([name, value]) => [
    prefix + name,
    { value: Number.isFinite(value) ? value : null, unit: unitOf(name) },
  ]);
}

const unprotected = "-unprotected";

/** What `./symphony runs` shows of an experiment's run. */
export function summaryOf(journal: Journal): RunSummary {
  const { symphony, experiment, start } = journal;
  const name = symphony.name + (symphony.withoutProtection ? unprotected : "");
  return {
    id: newRunId(name, new Date(start)),
    kind: "experiment",
    name,
    title: experiment.title + (symphony.withoutProtection ? " (without its protection)" : ""),
    startedAt: start,
    outcome: symphony.outcome,
    figures: Object.fromEntries([
      ...figuresOf(symphony.fault?.measures ?? {}, ""),
      ...figuresOf(symphony.control?.measures ?? {}, "control "),
    ]),
  };
}

/** Keeps the journal and its report; returns the folder. */
export function keepRun(journal: Journal, state?: string): { id: string; folder: string } {
  const summary = summaryOf(journal);
  const folder = saveRun({ summary, journal, report: renderReport(journal) }, state);
  return { id: summary.id, folder };
}
