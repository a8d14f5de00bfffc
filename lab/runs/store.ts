import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { environmentFailure, exitCodes, Failure, fromDiskError } from "../run/failure";
import { stateFolder } from "../run/project";

/** What every kept run says of itself, whatever made it. */
const summary = z.looseObject({
  id: z.string(),
  /** What made it, such as `experiment`. */
  kind: z.string(),
  name: z.string(),
  title: z.string(),
  /** ISO 8601. */
  startedAt: z.string(),
  outcome: z.string(),
  /** By name: what was measured, in the unit that it is told in. */
  figures: z.record(z.string(), z.object({ value: z.number().nullable(), unit: z.string() })),
});
export type RunSummary = z.infer<typeof summary>;
/** One figure; null where it was not measured, or not reached. */
export type Figure = RunSummary["figures"][string];

export const runsFolder = (state: string = stateFolder()): string => join(state, "runs");

/** The least space that a run is begun with: its journal and report, with room to spare. */
const neededBytes = 20 * 1024 * 1024;

/**
 * Makes sure that a run can be kept, before anything is broken. Fails with exit code 3 where the disk is full or the
 * folder may not be written.
 */
export function checkRunsFolder(state: string = stateFolder(), bytes: number = neededBytes): void {
  const folder = runsFolder(state);
  try {
    mkdirSync(folder, { recursive: true });
    const probe = join(folder, `.probe-${String(process.pid)}`);
    writeFileSync(probe, "x");
    rmSync(probe);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < bytes)
      throw environmentFailure(
        "disk.full",
        `only ${String(Math.floor((bavail * bsize) / 1024 / 1024))} MB are free for ${folder}, and a run may need ${String(Math.ceil(bytes / 1024 / 1024))} MB`,
        "free some space",
      );
  } catch (error) {
    throw fromDiskError(error, folder);
  }
}

/** `20261123-220501-payment-outage`: in time order, and readable. */
export function newRunId(name: string, now: Date = new Date()): string {
  const stamp = now.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${stamp}-${name}`;
}

export type RunFiles = { summary: RunSummary; journal: unknown; report: string };

/**
 * Keeps a run in a folder of its own, in the place of what was kept of it before; where that fails, nothing changes.
 * Returns the folder.
 */
export function saveRun(files: RunFiles, state: string = stateFolder()): string {
  const folder = join(runsFolder(state), files.summary.id);
  const staging = `${folder}.new`;
  try {
    mkdirSync(staging, { recursive: true });
    writeFileSync(join(staging, "run.json"), JSON.stringify(files.summary, null, 2));
    writeFileSync(join(staging, "journal.json"), JSON.stringify(files.journal, null, 2));
    writeFileSync(join(staging, "report.html"), files.report);
    const former = existsSync(folder) ? `${folder}.old` : undefined;
    if (former !== undefined) renameSync(folder, former);
    renameSync(staging, folder);
    if (former !== undefined) rmSync(former, { recursive: true, force: true });
    return folder;
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    throw fromDiskError(error, folder);
  }
}

/** Every kept run, the newest first. What is no run is left out. */
export function listRuns(state: string = stateFolder()): RunSummary[] {
  let names: string[];
  try {
    names = readdirSync(runsFolder(state));
  } catch {
    return [];
  }
  return names
    .sort()
    .reverse()
    .flatMap((name) => {
      try {
        const text = readFileSync(join(runsFolder(state), name, "run.json"), "utf8");
        return summary.safeParse(JSON.parse(text)).data ?? [];
      } catch {
        return [];
      }
    });
}

/** A run by its id, by the beginning of one, by its name (the newest) or as `latest`. Fails with what there is. */
export function findRun(given: string, state: string = stateFolder()): RunSummary {
  const runs = listRuns(state);
  const found =
    given === "latest"
      ? runs[0]
      : (runs.find(({ id }) => id === given) ??
        runs.find(({ name }) => name === given) ??
        runs.find(({ id }) => id.startsWith(given)));
  if (found !== undefined) return found;
  throw new Failure("runs.unknown", `there is no run ${given}`, {
    fix:
      runs.length === 0
        ? "make one with ./symphony experiment run or npm run bench -- headline"
        : "see ./symphony runs list",
    exitCode: exitCodes.usage,
  });
}

/** The journal of a run, as it was written. */
export function readJournal(id: string, state: string = stateFolder()): unknown {
  return JSON.parse(readFileSync(join(runsFolder(state), id, "journal.json"), "utf8"));
}

export type Comparison = {
  name: string;
  unit: string;
  a: number | null;
  b: number | null;
  ratio: number | undefined;
};

/** Two runs figure by figure, in the order of the first; `ratio` is b over a. */
export function compareRuns(a: RunSummary, b: RunSummary): Comparison[] {
  const names = [...new Set([...Object.keys(a.figures), ...Object.keys(b.figures)])];
  return names.map((name) => {
    const left = a.figures[name];
    const right = b.figures[name];
    const from = left?.value ?? null;
    const to = right?.value ?? null;
    return {
      name,
      unit: left?.unit ?? right?.unit ?? "",
      a: from,
      b: to,
      ratio: from === null || to === null || from === 0 ? undefined : Math.round((1000 * to) / from) / 1000,
    };
  });
}
