import { mkdir, statfs } from "node:fs/promises";

import { isPortFree } from "../../lib/free-port";
import { environmentFailure, fromDiskError } from "./failure";

/** Less free space than this, and Postgres or JetStream would stop in the middle of something. */
export const minFreeBytes = 300 * 1024 * 1024;

/** Free bytes on the disk of `folder`, for this user. */
export async function freeBytes(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}

/** Fails with the fix where `up` could not succeed anyway: a full disk, a busy port. */
export async function checkBeforeStart(state: string, port: number): Promise<void> {
  try {
    await mkdir(state, { recursive: true });
  } catch (error) {
    throw fromDiskError(error, state);
  }
  const free = await freeBytes(state);
  if (free < minFreeBytes) {
    const megabytes = Math.floor(free / 1024 / 1024);
    throw environmentFailure(
      "disk.full",
      `only ${String(megabytes)} MB are free on the disk of ${state}`,
      "free at least 300 MB",
    );
  }
  if (port !== 0 && !(await isPortFree(port))) {
    throw environmentFailure(
      "port.busy",
      `port ${String(port)} is in use by another program`,
      `stop that program, or choose another port: ./symphony up --port ${String(port + 1)}`,
    );
  }
}
