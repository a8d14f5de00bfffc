import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createTestDatabase } from "../test/support/database";
import { startTestService } from "../test/support/service";
import { waitFor } from "../test/support/wait-for";
import type { TokenVerifier } from "./auth";
import { ConfigError, env } from "./config";
import { route } from "./route";
import { defineService, type ServiceParts, startService } from "./service";

/** Nobody listens on the discard port. */
const NOWHERE = "127.0.0.1:9";

let folder: string;
let database: { url: string; drop(): Promise<void> };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-service-"));
  await mkdir(join(folder, "migrations"));
  await writeFile(join(folder, "migrations", "0001_init.sql"), "create table things (name text not null);");
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

function define(parts: Partial<ServiceParts> = {}) {
  return defineService({
    name: "audit",
    env: { COLOUR: env.text().default("red") },
    // Absolute and outside of the project: nothing has to be mapped back from dist/.
    folder,
    build: ({ config, db }) => ({
      routes: [
        route({
          method: "get",
          path: "/things",
          summary: "Counts things",
          responses: { 200: { description: "how many" } },
          async handle(_request, response) {
            const { rows } = await db.query<{ count: string }>("select count(*) from things");
            response.json({ count: Number(rows[0]?.count), colour: config.COLOUR });
          },
        }),
      ],
      ...parts,
    }),
  });
}

function environment(extra: Record<string, string> = {}): Record<string, string> {
  return {
    PORT: "0",
    LOG_LEVEL: "silent",
    DATABASE_URL: database.url,
    NATS_URL: `nats://${NOWHERE}`,
    ...extra,
  };
}

test("starts while the broker is down: it serves, is ready, and says that the broker is down", async () => {
  const service = await startService(define(), environment());
  try {
    const things = await fetch(`${service.url}/things`);
    expect(await things.json()).toEqual({ count: 0, colour: "red" });
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: "ready",
      checks: { accepting: "up", database: "up", broker: "down" },
    });
  } finally {
    await service.stop();
  }
});

test("is ready with its broker, and two replicas share a database", async () => {
  const first = await startTestService(define(), { DATABASE_URL: database.url });
  const second = await startService(define(), first.environment);
  try {
    for (const { url } of [first, second]) {
      await waitFor(async () => (await (await fetch(`${url}/readyz`)).text()).includes('"broker":"up"'));
    }
  } finally {
    await second.stop();
    await first.stop();
  }
});

test("is not ready before it has the keys that it verifies tokens with", async () => {
  let reachable = false;
  const tokens: TokenVerifier = {
    verify: () => Promise.reject(new Error("not asked here")),
    prepare: () => (reachable ? Promise.resolve() : Promise.reject(new Error("no issuer"))),
  };
  const service = await startService(define({ tokens }), environment());
  try {
    const before = await fetch(`${service.url}/readyz`);
    expect(before.status).toBe(503);
    expect(await before.json()).toMatchObject({ checks: { keys: "down", database: "up" } });
    reachable = true;
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
  } finally {
    await service.stop();
  }
});

test("stops in order: not ready, then no server, then no workers, and only once", async () => {
  const seen: string[] = [];
  const worker = {
    async stop() {
      seen.push(await fetch(`${service.url}/livez`).then(String, () => "server closed"));
    },
  };
  const service = await startService(define({ workers: [worker] }), environment({ DRAIN_DELAY_MS: "300" }));
  const stopped = service.stop();
  const draining = await fetch(`${service.url}/readyz`);
  expect(draining.status).toBe(503);
  expect((await fetch(`${service.url}/things`)).status).toBe(200);
  expect(service.stop()).toBe(stopped);
  await stopped;
  expect(seen).toEqual(["server closed"]);
  await expect(service.db.ping()).rejects.toThrow();
});

test("refuses a bad environment before it touches anything", async () => {
  const bad = startService(define(), { PORT: "x", DATABASE_URL: database.url });
  await expect(bad).rejects.toThrow(ConfigError);
  await expect(bad).rejects.toThrow(/PORT must be a port.*NATS_URL is missing/);
});

test.each([
  [
    "the database does not answer",
    { DATABASE_URL: `postgres://x:y@${NOWHERE}/z`, STARTUP_DEADLINE_MS: "0" },
    /did not answer/,
  ],
  ["its port is taken", {}, /EADDRINUSE/],
])("does not start when %s, and leaves nothing open", async (_name, extra, message) => {
  const holder = await startService(define(), environment());
  try {
    const failing = startService(define(), environment({ PORT: new URL(holder.url).port, ...extra }));
    await expect(failing).rejects.toThrow(message);
  } finally {
    await holder.stop();
  }
});
