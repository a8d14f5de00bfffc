import { readFile } from "node:fs/promises";

import { Failure } from "../run/failure";
import { findRun, readJournal, type RunSummary, saveRun } from "../runs/store";
import { type Machine } from "./machine";

/** What every kept bench says of itself. Times are ISO 8601. */
export type RunHead = {
  kind: string;
  id: string;
  name: string;
  title: string;
  outcome: string;
  /** By name: what two runs are compared by. */
  figures: RunSummary["figures"];
  startedAt: string;
  seed: number;
  machine: Machine;
  versions: Record<string, string>;
};

/** Keeps a bench's run and its report among those of `./symphony runs`, in the place of what it was before; the folder. */
export function keepRun(run: RunHead, report: string, state?: string): string {
  const { id, kind, name, title, startedAt, outcome, figures } = run;
  const summary = { id, kind, name, title, startedAt, outcome, figures };
  return saveRun({ summary, journal: run, report }, state);
}

/** Reads a run by its id, its name (the newest) or its file's path. A `Failure` says what is wrong with it. */
export async function readRun(given: string): Promise<RunHead & Record<string, unknown>> {
  const run = given.endsWith(".json") ? await readJson(given) : readJournal(findRun(given).id);
  const { kind, id } = (run ?? {}) as Partial<RunHead>;
  if (typeof kind === "string" && typeof id === "string") return run as RunHead & Record<string, unknown>;
  throw new Failure("runs.broken", `${given} is no run of a bench: it has no kind and id`);
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Failure("runs.not_found", `there is no file ${path}`, {
      fix: "give the id that the bench printed, or the path of a run's journal.json",
      cause,
    });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
