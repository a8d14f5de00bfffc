import { randomBytes } from "node:crypto";

import pg from "pg";

/** A fresh, empty database in the Postgres of this jest run. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const admin = process.env.SYMPHONY_TEST_POSTGRES_URL;
  if (admin === undefined)
    throw new Error("no test Postgres: run it in the int project, whose set-up starts one");
  const name = `test_${randomBytes(6).toString("hex")}`;
  await execute(admin, `create database ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => execute(admin, `drop database if exists ${name} with (force)`),
  };
}

async function execute(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
