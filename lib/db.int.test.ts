import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { pino } from "pino";

import { createTestDatabase } from "../test/support/database";
import { type Database, openDatabase } from "./db";
import { migrate } from "./migrate";

const log = pino({ level: "silent" });
let db: Database;
let drop: () => Promise<void>;
let folder: string;

beforeEach(async () => {
  const database = await createTestDatabase();
  drop = database.drop;
  db = openDatabase({ url: database.url, size: 3, log });
  folder = await mkdtemp(join(tmpdir(), "symphony-migrations-"));
});
afterEach(async () => {
  await db.close();
  await drop();
  await rm(folder, { recursive: true });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, sql] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), sql);
  }
}

async function count(table: string): Promise<number | undefined> {
  const { rows } = await db.query<{ count: number }>(`select count(*) as count from ${table}`, []);
  return rows[0]?.count;
}

describe("transaction", () => {
  beforeEach(() => db.query("create table notes (text text primary key)"));

  test("commits, returns the result, and tells once what was asked for after the commit", async () => {
    const told: (number | undefined)[] = [];
    let seen: Promise<unknown> = Promise.resolve();
    db.on("noted", () => (seen = count("notes").then((notes) => told.push(notes))));
    const result = await db.transaction(async (tx) => {
      tx.afterCommit("noted");
      await tx.query("insert into notes (text) values ($1)", ["a"]);
      tx.afterCommit("noted");
      return 7;
    });
    await seen;
    expect({ result, told }).toEqual({ result: 7, told: [1] });
  });

  test.each<{ problem: string; work(run: (text: string) => Promise<unknown>): Promise<unknown> }>([
    { problem: "throws", work: () => Promise.reject(new Error("no")) },
    { problem: "has a statement that fails", work: (run) => run("insert into notes (text) values ('a')") },
    {
      problem: "swallows the error of a statement",
      work: (run) => run("insert into notes (text) values ('a')").catch(() => undefined),
    },
  ])("rolls back and tells nothing where the work $problem", async ({ work }) => {
    const listener = jest.fn();
    db.on("noted", listener);
    const failing = db.transaction(async (tx) => {
      tx.afterCommit("noted");
      await tx.query("insert into notes (text) values ('a')");
      return work((text) => tx.query(text));
    });
    await expect(failing).rejects.toThrow();
    expect(await count("notes")).toBe(0);
    expect(listener).not.toHaveBeenCalled();
    expect(db.stats().waiting).toBe(0);
  });

  test("a connection that the server ended is replaced", async () => {
    const cut = db.transaction((tx) => tx.query("select pg_terminate_backend(pg_backend_pid())"));
    await expect(cut).rejects.toThrow();
    await db.ping();
    expect(await count("notes")).toBe(0);
  });

  test("a pool that was warmed has connections for the first callers, as many as it may have", async () => {
    for (const [size, kept] of [
      [2, 2],
      [10, 4],
    ] as const) {
      const pool = openDatabase({ url: db.url, size, log });
      try {
        await pool.warm();
        expect(pool.stats()).toEqual({ total: kept, idle: kept, waiting: 0 });
      } finally {
        await pool.close();
      }
    }
  });

  test("a table that changes under its prepared statements fails one statement, not all that follow", async () => {
    const single = openDatabase({ url: db.url, size: 1, log });
    try {
      const read = () => single.query("select * from notes", []);
      await read();
      await single.query("alter table notes add column author text");
      await read().catch(() => undefined);
      expect((await read()).fields.map((field) => field.name)).toEqual(["text", "author"]);
    } finally {
      await single.close();
    }
  });
});

describe("migrate", () => {
  const a = { "a/migrations/0001_init.sql": "create table one (n int); insert into one values (1);" };
  const b = { "b/migrations/0001_init.sql": "create table two (n int)" };
  const folders = () => [
    join(folder, "a/migrations"),
    join(folder, "b/migrations"),
    join(folder, "none/migrations"),
  ];

  test("applies what is missing, in the order of the folders, once", async () => {
    await write({ ...a, ...b });
    await migrate(db, folders(), log);
    await write({ "b/migrations/0002_more.sql": "insert into two select n from one" });
    await migrate(db, folders(), log);
    await migrate(db, folders(), log);
    expect([await count("one"), await count("two"), await count("migrations")]).toEqual([1, 1, 3]);
  });

  test("replicas that start at once apply each migration once", async () => {
    await write(a);
    const others = [1, 2, 3].map(() => openDatabase({ url: db.url, size: 1, log }));
    await Promise.all(others.map((other) => migrate(other, folders(), log)));
    await Promise.all(others.map((other) => other.close()));
    expect(await count("one")).toBe(1);
  });

  test("a migration that fails leaves nothing of its run behind", async () => {
    await write({ ...a, "a/migrations/0002_bad.sql": "create table three (n int); select 1 / 0;" });
    await expect(migrate(db, folders(), log)).rejects.toThrow("division by zero");
    const { rows } = await db.query("select tablename from pg_tables where schemaname = 'public'", []);
    expect(rows).toEqual([]);
  });

  test("a database that is newer is taken as it is, so that a release can be rolled back", async () => {
    await write({ ...a, "a/migrations/0002_later.sql": "alter table one add column m int" });
    await migrate(db, folders(), log);
    await rm(join(folder, "a/migrations/0002_later.sql"));
    await migrate(db, folders(), log);
    expect([await count("one"), await count("migrations")]).toEqual([1, 2]);
  });

  test.each([
    {
      problem: "a database that is newer by a breaking migration",
      file: "0002_later.sql",
      sql: "-- breaking: older code reads what this removes\nselect 1",
      becomes: undefined,
      reason: /deploy a newer version/,
    },
    {
      problem: "a migration that was renamed",
      file: "0002_later.sql",
      becomes: "0002_other.sql",
      reason: /never renamed/,
    },
    {
      problem: "a gap in the numbers",
      file: "0002_later.sql",
      becomes: "0003_later.sql",
      reason: /without gaps/,
    },
    { problem: "a bad name", file: "0002_later.sql", becomes: "2.sql", reason: /NNNN_name\.sql/ },
  ])("refuses $problem", async ({ file, sql = "select 1", becomes, reason }) => {
    await write({ ...a, [`a/migrations/${file}`]: sql });
    await migrate(db, folders(), log);
    await rm(join(folder, "a/migrations", file));
    if (becomes !== undefined) await write({ [`a/migrations/${becomes}`]: "select 1" });
    await expect(migrate(db, folders(), log)).rejects.toThrow(reason);
  });
});
