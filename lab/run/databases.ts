import { Client, escapeIdentifier, escapeLiteral } from "pg";

import { type ServiceName, serviceNames } from "../../lib/events";
import { environmentFailure } from "./failure";

/**
 * A database and a role per service, both named like it. No role may connect to another's database. What
 * exists stays; the roles get the passwords of `passwords`. Returns each service's URL.
 */
export async function ensureDatabases(
  superuserUrl: string,
  passwords: Record<ServiceName, string>,
): Promise<Record<ServiceName, string>> {
  const client = new Client({ connectionString: superuserUrl, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await createMissing(client, passwords);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw environmentFailure(
      "postgres.databases",
      `the databases could not be made: ${reason}`,
      "the user of DATABASE_URL needs createdb and createrole; for Symphony's own Postgres run ./symphony reset",
      error,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
  return databaseUrls(superuserUrl, passwords);
}

async function createMissing(client: Client, passwords: Record<ServiceName, string>): Promise<void> {
  const roles = await namesOf(client, "select rolname as name from pg_roles where rolname = any($1)");
  const databases = await namesOf(client, "select datname as name from pg_database where datname = any($1)");
  for (const service of serviceNames) {
    const name = escapeIdentifier(service);
    const verb = roles.has(service) ? "alter" : "create";
    await client.query(`${verb} role ${name} login password ${escapeLiteral(passwords[service])}`);
    if (databases.has(service)) continue;
    // An owner must be a role of the user that creates the database, which a superuser always is.
    await client.query(`grant ${name} to current_user`);
    await client.query(`create database ${name} owner ${name} template template0`);
    await client.query(`revoke connect, temporary on database ${name} from public`);
  }
}

async function namesOf(client: Client, query: string): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(query, [serviceNames]);
  return new Set(rows.map((row) => row.name));
}

function databaseUrls(
  superuserUrl: string,
  passwords: Record<ServiceName, string>,
): Record<ServiceName, string> {
  return Object.fromEntries(
    serviceNames.map((service) => {
      const url = new URL(superuserUrl);
      url.username = service;
      url.password = passwords[service];
      url.pathname = `/${service}`;
      return [service, url.toString()];
    }),
  ) as Record<ServiceName, string>;
}
