import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { transformSync } from "@swc/core";
import { connect, type NatsConnection } from "nats";

import { streams } from "../../../lib/events";
import { startTestNats, type TestNats } from "../../../test/support/nats";
import { run } from "../../run/process";
import { refuseDeadLetters } from "./broker";
import { type Host } from "./host";
import { slowDisk } from "./platform";

const postgres = (): string => {
  const url = process.env.SYMPHONY_TEST_POSTGRES_URL;
  if (url === undefined) throw new Error("no test Postgres");
  return url;
};
const hostOf = (runner: object): Host => ({ runner }) as unknown as Host;

test("a database that does not wait for its disk is not slowed, and that is seen", async () => {
  // The Postgres of the tests runs without fsync. Where it has it, the experiment slow-disk proves the effect.
  const slow = await slowDisk(hostOf({ superuserUrl: postgres }), { delayMs: 80 });
  try {
    expect(await slow.observe()).toMatchObject({ seen: false });
  } finally {
    await slow.heal();
  }
});

test("a database that is somebody else's is refused", async () => {
  await expect(slowDisk(hostOf({ superuserUrl: () => undefined }), { delayMs: 80 })).rejects.toMatchObject({
    code: "experiment.no_superuser",
  });
});

describe("the stream of dead letters", () => {
  let nats: TestNats;
  let connection: NatsConnection;
  beforeAll(async () => {
    nats = await startTestNats();
    const { username, password, host } = new URL(nats.url);
    connection = await connect({ servers: host, user: username, pass: password });
    const manager = await connection.jetstreamManager();
    const { name, subjects } = streams.deadLetters;
    await manager.streams.add({ name, subjects: [...subjects] });
  });
  afterAll(async () => {
    await connection?.close();
    await nats?.stop();
  });

  test("takes nothing while it refuses, and everything again once that is healed", async () => {
    const publish = () => connection.jetstream().publish("dlq.order.payment.processed", "a letter");
    const refusing = await refuseDeadLetters(hostOf({ natsUrl: () => nats.url }));
    expect(await refusing.observe()).toMatchObject({ seen: true });
    await expect(publish()).rejects.toThrow(/maximum/);
    await refusing.heal();
    expect(await refusing.observe()).toMatchObject({ seen: false });
    expect(await publish()).toMatchObject({ seq: 1 });
  });
});

describe("a clock that is off", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "symphony-clock-"));
    const source = await readFile(join(__dirname, "skewed-clock.ts"), "utf8");
    const { code } = transformSync(source, {
      filename: "skewed-clock.ts",
      jsc: { parser: { syntax: "typescript" }, target: "es2022" },
      module: { type: "commonjs" },
    });
    await writeFile(join(folder, "hook.js"), code);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const program = `
    const real = Number(process.hrtime.bigint()); const monotonic = performance.now();
    console.log(JSON.stringify({
      now: Date.now(), date: new Date().getTime(), text: Date.parse(Date()), given: new Date(5).getTime(),
      parsed: Date.parse("1970-01-01T00:00:01Z"), utc: Date.UTC(1970, 0, 1), is: new Date() instanceof Date,
      steady: real > 0 && monotonic < 60000,
    }));`;

  test("tells another time to everything that asks JavaScript, and nothing else", async () => {
    const skewMs = -600_000;
    const { output } = await run({
      file: process.execPath,
      args: ["--require", join(folder, "hook.js"), "-e", program],
      env: { SYMPHONY_CLOCK_SKEW_MS: String(skewMs) },
    });
    const told = JSON.parse(output) as Record<string, number | boolean>;
    const expected = Date.now() + skewMs;
    for (const name of ["now", "date", "text"])
      expect(Math.abs(Number(told[name]) - expected)).toBeLessThan(60_000);
    expect(told).toMatchObject({ given: 5, parsed: 1000, utc: 0, is: true, steady: true });
  });
});
