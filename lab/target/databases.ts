import { type Database, openDatabase } from "../../lib/db";
import { type ServiceName } from "../../lib/events";
import { createLog } from "../../lib/log";
import { type System } from "./system";

/** What `work` counts in the database of each service, one after the other. */
export async function countInDatabases(
  system: Pick<System, "databaseUrls">,
  work: (db: Database) => Promise<number>,
): Promise<Partial<Record<ServiceName, number>>> {
  const log = createLog("lab", "silent");
  const counts: Partial<Record<ServiceName, number>> = {};
  for (const [service, url] of Object.entries(await system.databaseUrls())) {
    const db = openDatabase({ url, size: 1, log });
    try {
      counts[service as ServiceName] = await work(db);
    } finally {
      await db.close();
    }
  }
  return counts;
}
