import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "../../test/support/wait-for";
import { LogFile } from "./log-files";
import { isAlive } from "./process";
import { backoffMs, Supervised, type SupervisedSpec } from "./supervised";

let folder: string;
let log: LogFile;
let said: string[];
let supervised: Supervised | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-supervised-"));
  log = new LogFile(folder, "demo");
  said = [];
});

afterEach(async () => {
  supervised?.killNow();
  await supervised?.stop();
  log.close();
  await rm(folder, { recursive: true, force: true });
});

/** A program that is ready once it has made `<folder>/ready`. */
function supervise(script: string, spec: Partial<SupervisedSpec> = {}, niceness?: number): Supervised {
  const ready = join(folder, "ready");
  const program = `const ready = () => require("node:fs").writeFileSync(${JSON.stringify(ready)}, ""); ${script}`;
  supervised = new Supervised(
    {
      name: "demo",
      command: () => ({ file: process.execPath, args: ["-e", program], env: {} }),
      probe: async () => {
        if (!existsSync(ready)) throw new Error("not there yet");
        return Promise.resolve();
      },
      readyTimeoutMs: 10_000,
      stopSignal: "SIGTERM",
      graceMs: 5000,
      ...spec,
    },
    log,
    { say: (line) => said.push(line), changed: () => undefined, niceness },
  );
  return supervised;
}

const serve = "ready(); setInterval(() => {}, 1000)";

test("it gives way to other processes by as much as it is told to", async () => {
  const demo = supervise(serve, {}, 7);
  await demo.start();
  expect(getPriority(demo.pid)).toBe(getPriority() + 7);
  // Where sessions are scheduled as groups, the group's weight is what counts.
  const group = `/proc/${String(demo.pid)}/autogroup`;
  if (existsSync(group)) expect(await readFile(group, "utf8")).toMatch(/ nice 7\n$/);
});

test("a process that dies comes back, and the runner says so", async () => {
  const demo = supervise(serve);
  await demo.start();
  const first = demo.pid;
  demo.signal("SIGKILL");
  await waitFor(() => said.some((line) => line.startsWith("demo is back")));
  expect(said[0]).toBe("demo ended by SIGKILL, restarting in 0.25 s");
  expect(demo).toMatchObject({ status: "ready", restarts: 1 });
  expect(demo.pid).not.toBe(first);
});

test("a first start that fails says why, with the process's last words, and is not repeated", async () => {
  const demo = supervise(
    'console.log(JSON.stringify({ level: "fatal", msg: "PORT is missing" })); process.exit(1)',
  );
  await expect(demo.start()).rejects.toMatchObject({
    message: "demo ended with code 1 while it started: PORT is missing",
    fix: "see ./symphony logs demo",
  });
  expect(demo.pid).toBeUndefined();
  expect(said).toEqual([]);
});

test("a program that does not exist fails at once", async () => {
  const demo = supervise("", { command: () => ({ file: "/nonexistent", args: [], env: {} }) });
  await expect(demo.start()).rejects.toMatchObject({ code: "run.start_failed" });
});

test("stopping ends it for good", async () => {
  const demo = supervise(serve);
  await demo.start();
  const pid = demo.pid!;
  await demo.stop();
  expect(demo.status).toBe("stopped");
  expect(isAlive(pid)).toBe(false);
  await demo.stop();
});

test("a process that does not stop within its grace period is killed", async () => {
  const demo = supervise(`process.on("SIGTERM", () => {}); ${serve}`, { graceMs: 100 });
  await demo.start();
  await demo.stop();
  expect(said).toEqual(["demo did not stop within 0.1 s and is killed"]);
});

test("killing at once takes along what the process started", async () => {
  const note = join(folder, "child");
  const script = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    require("node:fs").writeFileSync(${JSON.stringify(note)}, String(child.pid)); ${serve}`;
  const demo = supervise(script);
  await demo.start();
  const child = Number(await readFile(note, "utf8"));
  expect(isAlive(child)).toBe(true);
  demo.killNow();
  await waitFor(() => !isAlive(child));
});

test.each([
  [0, 250],
  [1, 500],
  [5, 8000],
  [6, 10_000],
  [60, 10_000],
])("after %d failures in a row it waits %d ms", (failures, expected) => {
  expect(backoffMs(failures)).toBe(expected);
});

test("a process that is held is gone and stays so, until it is released", async () => {
  const demo = supervise(serve);
  await demo.start();
  const first = demo.pid;
  await demo.hold();
  expect(demo).toMatchObject({ status: "stopped", pid: undefined });
  expect(isAlive(first!)).toBe(false);
  await demo.release();
  expect(demo).toMatchObject({ status: "ready", restarts: 0 });
  expect(demo.pid).not.toBe(first);
  expect(said).toEqual([]);
});

test("a process that was about to be restarted is held too", async () => {
  const demo = supervise(serve);
  await demo.start();
  demo.signal("SIGKILL");
  await waitFor(() => demo.status === "restarting");
  await demo.hold();
  expect(demo).toMatchObject({ status: "stopped", pid: undefined });
  await demo.release();
  expect(demo.status).toBe("ready");
});

test("releasing what is not held does nothing", async () => {
  const demo = supervise(serve);
  await demo.start();
  const { pid } = demo;
  await demo.release();
  expect(demo.pid).toBe(pid);
});

test("a roll stops in order and starts again, and counts as no crash", async () => {
  const demo = supervise(
    `process.on("SIGTERM", () => { console.log("in order"); process.exit(0); }); ${serve}`,
  );
  await demo.start();
  const first = demo.pid;
  await demo.roll();
  expect(demo).toMatchObject({ status: "ready", restarts: 0 });
  expect(demo.pid).not.toBe(first);
  expect(await readFile(join(folder, "logs/demo.log"), "utf8")).toContain("in order");
});

test("a process that is paused by a signal is stopped in order all the same", async () => {
  const demo = supervise(serve);
  await demo.start();
  const { pid } = demo;
  demo.signal("SIGSTOP");
  await demo.stop();
  expect(isAlive(pid!)).toBe(false);
  expect(said).toEqual([]);
});
