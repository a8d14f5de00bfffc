import { setTimeout as sleep } from "node:timers/promises";

import { ensureDatabases } from "../../lab/run/databases";
import { type ServiceName } from "../../lib/events";
import { type Log } from "../../lib/log";

const retryMs = 1_000;

/** Makes databases and roles as soon as Postgres is there. Resolves once they are, or when `signal` is aborted. */
export async function provideDatabases(
  url: string,
  passwords: Record<ServiceName, string>,
  { log, signal }: { log: Log; signal: AbortSignal },
): Promise<void> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      await ensureDatabases(url, passwords);
      log.info("databases and roles are there");
      return;
    } catch (error) {
      if (attempt % 10 === 1) log.warn({ err: error }, "databases could not be made yet");
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
