import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Failure } from "../run/failure";
import { homeFolder } from "../run/project";
import { type Machine } from "./machine";

/** What every kept run says of itself, whatever made it. Times are ISO 8601. */
export type RunHead = {
  kind: string;
  id: string;
  name: string;
  title: string;
  outcome: string;
  /** By name: what two runs are compared by. */
  figures: Record<string, { value: number | null; unit: string }>;
  startedAt: string;
  seed: number;
  machine: Machine;
  versions: Record<string, string>;
};

/** `20261123-224512-headline`: sorts by time. */
export function runId(kind: string, startedAt: Date): string {
  const digits = startedAt.toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${digits}-${kind}`;
}

const folderOf = (id: string): string => join(homeFolder(), "runs", id);

/** Keeps a run below `.symphony/runs`, in the place of what it was before; returns the path. */
export async function keepRun(run: RunHead): Promise<string> {
  const folder = folderOf(run.id);
  await mkdir(folder, { recursive: true });
  const path = join(folder, "run.json");
  await writeFile(`${path}.new`, `${JSON.stringify(run, null, 2)}\n`);
  await rename(`${path}.new`, path);
  return path;
}

/** Reads a run by its id or its file's path. A `Failure` says what is wrong with it. */
export async function readRun(idOrPath: string): Promise<RunHead & Record<string, unknown>> {
  const path = idOrPath.endsWith(".json") ? idOrPath : join(folderOf(idOrPath), "run.json");
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Failure("runs.not_found", `there is no run ${path}`, {
      fix: "give the id that the bench printed, or the path of a run.json",
      cause,
    });
  });
  const run = parse(text) as Partial<RunHead> | undefined;
  if (typeof run?.kind === "string" && typeof run.id === "string")
    return run as RunHead & Record<string, unknown>;
  throw new Failure("runs.broken", `${path} is no run: it has no kind and id`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
