import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { type Database, type Transaction } from "./db";
import { type Log } from "./log";

type Migration = { scope: string; version: number; name: string; file: string };

const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** Any constant; the lock is per database, and all services use the same one. */
const lockId = 5_417_001;

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const migrations = names
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => {
      const match = fileName.exec(name);
      if (match === null) throw new Error(`${join(folder, name)}: a migration is named NNNN_name.sql`);
      return {
        scope: basename(dirname(folder)),
        version: Number(match[1]),
        name: match[2] ?? "",
        file: join(folder, name),
      };
    });
  migrations.forEach((migration, index) => {
    if (migration.version !== index + 1) {
      throw new Error(`${migration.file}: migrations are numbered from 0001 without gaps`);
    }
  });
  return migrations;
}

type Applied = { scope: string; version: number; name: string; breaking: boolean };

/** A migration that older code cannot work with says so in its first line; all others leave a rollback open. */
const breakingLine = /^-- breaking\b/;

function check(applied: Applied[], known: Migration[]): void {
  for (const row of applied) {
    const match = known.find((one) => one.scope === row.scope && one.version === row.version);
    const label = `${row.scope}/${String(row.version).padStart(4, "0")}_${row.name}`;
    if (match === undefined && !row.breaking) continue;
    if (match === undefined) {
      throw new Error(
        `the database has the breaking migration ${label}, which this version does not know: deploy a newer version`,
      );
    }
    if (match.name !== row.name) {
      throw new Error(
        `the database has the migration ${label}, but ${match.file} is another one: migrations are never renamed`,
      );
    }
  }
}

async function apply(tx: Transaction, known: Migration[], log: Log): Promise<void> {
  // Several replicas start at once: one migrates, the others wait here and find nothing left to do.
  await tx.query("select pg_advisory_xact_lock($1)", [lockId]);
  await tx.query(`
    create table if not exists migrations (
      scope text not null,
      version integer not null,
      name text not null,
      breaking boolean not null,
      applied_at timestamptz not null default now(),
      primary key (scope, version)
    )`);
  const { rows } = await tx.query<Applied>("select scope, version, name, breaking from migrations", []);
  check(rows, known);
  for (const migration of known) {
    if (rows.some((row) => row.scope === migration.scope && row.version === migration.version)) continue;
    const statements = await readFile(migration.file, "utf8");
    await tx.query(statements);
    await tx.query("insert into migrations (scope, version, name, breaking) values ($1, $2, $3, $4)", [
      migration.scope,
      migration.version,
      migration.name,
      breakingLine.test(statements),
    ]);
    log.info({ migration: `${migration.scope}/${basename(migration.file)}` }, "migrated");
  }
}

/**
 * Applies the migrations `NNNN_name.sql` of `folders` that the database lacks, in order and in one
 * transaction. A folder that does not exist has none. A database that is newer than the code is taken as it is, so that a
 * release can be rolled back; throws where one of its newer migrations is breaking.
 */
export async function migrate(db: Database, folders: string[], log: Log): Promise<void> {
  const known = (await Promise.all(folders.map(readMigrations))).flat();
  await db.transaction((tx) => apply(tx, known, log));
}
