import type { z } from "zod";

import { type RunningService, type ServiceDefinition, startService } from "../../lib/service";
import { createTestDatabase } from "./database";
import { startTestNats } from "./nats";

export type TestService = RunningService & {
  /** For a second replica on the same database and broker. */
  environment: Record<string, string>;
};

/** What a test gives up at its end. Runs in reverse, and to its end even where a part fails. */
async function releaseAll(releases: (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const release of releases.reverse()) await release().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, "not everything could be released");
}

/**
 * Starts a service on free ports. A DATABASE_URL or NATS_URL in `env` is used, else it gets a fresh database
 * and a broker of its own; `stop` releases those too.
 */
export async function startTestService<S extends z.ZodRawShape>(
  definition: ServiceDefinition<S>,
  env: Record<string, string> = {},
): Promise<TestService> {
  const releases: (() => Promise<void>)[] = [];
  const environment: Record<string, string> = { PORT: "0", GRPC_PORT: "0", LOG_LEVEL: "silent", ...env };
  try {
    let databaseUrl = env.DATABASE_URL;
    if (databaseUrl === undefined) {
      const database = await createTestDatabase();
      releases.push(() => database.drop());
      databaseUrl = database.url;
    }
    let natsUrl = env.NATS_URL;
    if (natsUrl === undefined) {
      const nats = await startTestNats();
      releases.push(() => nats.stop());
      natsUrl = nats.url;
    }
    Object.assign(environment, { DATABASE_URL: databaseUrl, NATS_URL: natsUrl });
    const service = await startService(definition, environment);
    releases.push(() => service.stop());
    return { ...service, environment, stop: () => releaseAll(releases) };
  } catch (error) {
    await releaseAll(releases);
    throw error;
  }
}
