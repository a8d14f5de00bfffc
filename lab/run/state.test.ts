import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { waitFor } from "../../test/support/wait-for";
import { cleanUpDeadRun } from "./leftovers";
import {
  identify,
  isRunning,
  type ProcessState,
  readState,
  removeState,
  requireRunning,
  type RunState,
  takeLock,
  writeState,
} from "./state";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-state-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

// No process has this id: Linux stops at 2^22.
const dead = { pid: 2 ** 30 };

function runState(change: Partial<RunState> = {}): RunState {
  return {
    version: 1,
    phase: "running",
    runner: identify(process.pid),
    startedAt: new Date().toISOString(),
    url: "http://localhost:8080",
    databaseUrls: {},
    processes: [],
    ...change,
  };
}

test("what was written is read, by its owner only", async () => {
  const state = runState({ databaseUrls: { order: "postgres://order:secret@127.0.0.1:1/order" } });
  writeState(folder, state);
  expect(readState(folder)).toEqual(state);
  expect((await stat(join(folder, "run/state.json"))).mode & 0o077).toBe(0);
});

test.each([
  ["nothing was ever started", undefined, "run.not_running"],
  ["the run has died", runState({ runner: dead }), "run.not_running"],
  [
    "another process has the runner's id by now",
    runState({ runner: { pid: process.pid, startTime: "1" } }),
    "run.not_running",
  ],
  ["it is still starting", runState({ phase: "starting" }), "run.starting"],
])("a command that needs a running system says so where %s", (_name, state, code) => {
  if (state !== undefined) writeState(folder, state);
  expect(() => requireRunning(folder)).toThrow(expect.objectContaining({ code, fix: expect.any(String) }));
});

test.each(["", "{", '{"version":2}', "[]"])("a state file that holds %j counts as none", (content) => {
  mkdirSync(join(folder, "run"));
  writeFileSync(join(folder, "run/state.json"), content);
  expect(readState(folder)).toBeUndefined();
});

test("a second run is refused while the first one holds the lock", async () => {
  expect(await takeLock(folder)).toEqual({ stale: undefined });
  await expect(takeLock(folder)).rejects.toMatchObject({
    code: "run.already_running",
    fix: expect.stringContaining("down"),
  });
  removeState(folder);
  expect(await takeLock(folder)).toEqual({ stale: undefined });
});

test.each([JSON.stringify(dead), JSON.stringify({ pid: process.pid, startTime: "1" }), "", "x"])(
  "the lock %j of a dead run is taken over",
  async (content) => {
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run/lock"), content);
    expect(await takeLock(folder)).toEqual({ stale: [] });
  },
);

test("what a dead run left is stopped, and a process that only has its id by now is not", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  try {
    const entry = (name: string, id: Partial<ProcessState>): ProcessState => ({
      name,
      kind: "service",
      status: "ready",
      restarts: 0,
      since: new Date().toISOString(),
      ...id,
    });
    const left = identify(child.pid!);
    writeState(
      folder,
      runState({
        runner: dead,
        processes: [
          entry("order", left),
          entry("payment", dead),
          entry("user", { pid: process.pid, startTime: "1" }),
        ],
      }),
    );
    expect(await cleanUpDeadRun(folder)).toEqual(["order"]);
    await waitFor(() => !isRunning(left));
    expect(readState(folder)).toBeUndefined();
  } finally {
    child.kill("SIGKILL");
  }
});
