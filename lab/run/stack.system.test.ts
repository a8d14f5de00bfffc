import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "../../test/support/wait-for";
import { exitOf } from "./process";
import { findProject } from "./project";
import { removeData } from "./remove-data";
import { isRunning, readState, type RunState } from "./state";

const symphony = join(findProject(), "symphony");
let state: string;
let up: ChildProcess | undefined;
let news: string;

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "symphony-cli-"));
});

afterEach(async () => {
  await cli(["down"]);
  up?.kill("SIGKILL");
});

afterAll(async () => {
  await removeData(state);
  await rm(state, { recursive: true, force: true });
});

type Ended = { code: number | null; stdout: string; stderr: string };

/** Runs one command of the CLI to its end, on this file's system. */
async function cli(args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [symphony, ...args, "--state", state]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.once("close", resolve));
  return { code: child.exitCode, stdout, stderr };
}

/** Starts the system as `npm start` does, in the foreground, and resolves once it is up. */
async function start(args: string[] = []): Promise<RunState> {
  const child = spawn(process.execPath, [symphony, "up", "--port", "0", "--json", "--state", state, ...args]);
  up = child;
  news = "";
  let printed = "";
  child.stderr.on("data", (chunk: Buffer) => (news += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await waitFor(() => printed.includes("natsUrl") || child.exitCode !== null, {
    timeoutMs: 120_000,
    what: "up",
  });
  if (child.exitCode !== null) throw new Error(`up ended: ${news}`);
  return current();
}

function current(): RunState {
  const content = readState(state);
  if (content === undefined) throw new Error("nothing runs");
  return content;
}

function processOf(name: string): { pid: number; startTime?: string | undefined } {
  const found = current().processes.find((entry) => entry.name === name);
  if (found?.pid === undefined) throw new Error(`${name} does not run`);
  return { pid: found.pid, startTime: found.startTime };
}

const order = async (...args: string[]) => {
  const ended = await cli(["order", "--json", ...args]);
  return { code: ended.code, order: JSON.parse(ended.stdout) as Record<string, unknown> };
};

test("an order goes through, one that must fail fails, and Ctrl-C leaves nothing running", async () => {
  const running = await start(["--replicas", "inventory=2"]);
  const others = running.processes.map((entry) => ({ pid: entry.pid ?? 0, startTime: entry.startTime }));
  expect(running.processes.map((entry) => entry.name)).toContain("inventory-2");

  expect(await order()).toMatchObject({
    code: 0,
    order: {
      id: expect.any(String),
      status: "confirmed",
      correlationId: expect.any(String),
      durationMs: expect.any(Number),
    },
  });
  expect(await order("--token", "tok_declined")).toMatchObject({
    code: 1,
    order: { status: "failed", failureReason: expect.stringContaining("declined") },
  });
  const status = await cli(["status", "--json"]);
  expect(status.code).toBe(0);
  expect(JSON.parse(status.stdout)).toMatchObject({ ready: true });
  expect(await cli(["up", "--port", "0"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("already running"),
  });

  up?.kill("SIGINT");
  expect(await exitOf(up!)).toMatchObject({ code: 130 });
  expect(others.filter(isRunning)).toEqual([]);
  expect(readState(state)).toBeUndefined();
  expect(await cli(["status", "--json"])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("run.not_running"),
  });
}, 240_000);

test("what dies comes back, with its data", async () => {
  await start();
  for (const name of ["order", "nats", "postgres"]) {
    process.kill(processOf(name).pid, "SIGKILL");
    await waitFor(() => news.includes(`${name} is back`), {
      timeoutMs: 60_000,
      what: `${name} to come back`,
    });
  }
  await waitFor(async () => (await cli(["status"])).code === 0, { timeoutMs: 60_000, what: "readiness" });
  expect((await order()).order).toMatchObject({ status: "confirmed" });
  expect((await cli(["logs", "order", "--json"])).stdout).toContain('"service":"order"');
}, 240_000);

test("after the runner itself is killed, the next start cleans up and says so", async () => {
  const before = await start();
  const order = processOf("order");
  const left = before.processes.map(({ name }) => ({ name, ...processOf(name) }));
  process.kill(before.runner.pid, "SIGKILL");
  await exitOf(up!);
  expect(isRunning(order)).toBe(true);
  await start();
  expect(news).toContain("cleaned up after a run that died; stopped what it left:");
  expect(left.filter(isRunning).map(({ name }) => name)).toEqual([]);
  expect((await cli(["order", "--json"])).code).toBe(0);
}, 240_000);
