import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startDisposablePostgres } from "../../lab/run/postgres";
import { isAlive } from "../../lab/run/process";
import { findProject } from "../../lab/run/project";
import { ensureNatsServer } from "../../lab/run/tools";

const prefix = "symphony-test-postgres-";
// As root, Postgres runs as another user, who may not reach a private temporary folder.
const parent = process.getuid?.() === 0 ? "/var/tmp" : tmpdir();

/** Stops what `global-setup` started; read by `global-teardown`. */
export const started: { stop?: () => Promise<void> } = {};

/**
 * One Postgres for the whole jest run, with its data in a temporary folder, and the path of nats-server:
 * `SYMPHONY_TEST_POSTGRES_URL` (a superuser's) and `SYMPHONY_TEST_NATS_BIN`.
 */
export default async function setUp(): Promise<void> {
  await removeLeftovers();
  const folder = await mkdtemp(join(parent, prefix));
  await writeFile(join(folder, "owner.pid"), String(process.pid));
  const [postgres, natsBinary] = await Promise.all([
    startDisposablePostgres(findProject(), folder),
    ensureNatsServer({ environment: process.env }),
  ]);
  process.env.SYMPHONY_TEST_POSTGRES_URL = postgres.url;
  process.env.SYMPHONY_TEST_NATS_BIN = natsBinary;
  started.stop = async () => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** A jest run that was killed could not clean up: the next one does. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(parent, name);
    const owner = Number(await readFile(join(folder, "owner.pid"), "utf8").catch(() => "0"));
    if (owner > 0 && !isAlive(owner))
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
