import { rm } from "node:fs/promises";
import { join } from "node:path";

import { environmentFailure } from "./failure";
import { postgresFolder } from "./postgres";

/** By name, so that a folder given by mistake loses nothing else. */
const names = ["nats", "postgres", "mail", "logs", "run", "mesh", "secrets.json"];

/** Removes everything of a system that is stopped: databases, streams, mails, logs, passwords. */
export async function removeData(state: string): Promise<void> {
  for (const path of [...names.map((name) => join(state, name)), postgresFolder(state)]) {
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      throw environmentFailure("reset.failed", `${path} cannot be removed`, "check its owner", error);
    });
  }
}
