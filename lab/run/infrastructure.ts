import { join } from "node:path";

import type { ServiceName } from "../../lib/events";
import { freePort } from "../../lib/free-port";
import { ensureDatabases } from "./databases";
import { Failure } from "./failure";
import { natsUrl, prepareNats, probeNats } from "./nats";
import {
  postgresCommand,
  postgresFolder,
  postgresHome,
  preparePostgres,
  probePostgres,
  superuserUrl,
} from "./postgres";
import type { Secrets } from "./secrets";
import type { SupervisedSpec } from "./supervised";

/** What the runner starts before the services. Ports are chosen once: a restart comes back on the same. */
export type Infrastructure = {
  nats: { spec: SupervisedSpec; url: string };
  /** Without a process where the database is somebody else's (`DATABASE_URL`). */
  postgres: { spec: SupervisedSpec | undefined; superuserUrl: string };
};

export async function planInfrastructure(options: {
  project: string;
  state: string;
  secrets: Secrets;
  natsBinary: string;
  externalDatabase: string | undefined;
  maxConnections: number;
}): Promise<Infrastructure> {
  const { secrets } = options;
  const port = await freePort();
  const monitorPort = await freePort();
  const settings = {
    binary: options.natsBinary,
    storeDir: join(options.state, "nats"),
    port,
    monitorPort,
    ...secrets.nats,
  };
  return {
    nats: {
      url: natsUrl(settings),
      spec: {
        name: "nats",
        command: () => prepareNats(settings),
        probe: () => probeNats(monitorPort),
        readyTimeoutMs: 30_000,
        stopSignal: "SIGTERM",
        graceMs: 10_000,
      },
    },
    postgres: await planPostgres(options),
  };
}

async function planPostgres(options: {
  project: string;
  state: string;
  secrets: Secrets;
  externalDatabase: string | undefined;
  maxConnections: number;
}): Promise<Infrastructure["postgres"]> {
  const { project, state, secrets, externalDatabase, maxConnections } = options;
  if (externalDatabase !== undefined) return { spec: undefined, superuserUrl: externalDatabase };
  const port = await freePort();
  const url = superuserUrl(secrets.postgres, port);
  return {
    superuserUrl: url,
    spec: {
      name: "postgres",
      command: async () => {
        const home = await postgresHome(postgresFolder(state));
        const prepared = await preparePostgres({ project, home, superuserPassword: secrets.postgres });
        return postgresCommand(prepared, { port, maxConnections });
      },
      probe: async () => {
        try {
          await probePostgres(url);
        } catch (error) {
          // 28P01: the data is of another secrets.json; no waiting helps.
          if ((error as { code?: string }).code !== "28P01") throw error;
          throw new Failure(
            "postgres.password",
            "the database has another password than .symphony/secrets.json",
            {
              fix: "run ./symphony reset",
            },
          );
        }
      },
      readyTimeoutMs: 60_000,
      // Fast shutdown: sessions end, everything is written.
      stopSignal: "SIGINT",
      graceMs: 20_000,
    },
  };
}

/** The databases, by service; also waits for a Postgres that somebody else runs. */
export async function openDatabases(
  infrastructure: Infrastructure,
  secrets: Secrets,
): Promise<Record<ServiceName, string>> {
  return ensureDatabases(infrastructure.postgres.superuserUrl, secrets.roles);
}
