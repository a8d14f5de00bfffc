import { execFileSync } from "node:child_process";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";

import { percentile } from "../load/percentiles";
import { findProject } from "../run/project";

/** What a figure depends on; printed with every report. */
export type Machine = {
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  node: string;
  commit: string;
  /** A 4 KiB write with fsync where the databases lie, in ms: every commit waits for one. */
  fsyncP50Ms: number;
  fsyncP99Ms: number;
};

function measureFsync(parent: string): { p50: number; p99: number } {
  const folder = mkdtempSync(join(parent, "symphony-fsync-"));
  const file = openSync(join(folder, "probe"), "w");
  const block = Buffer.alloc(4096);
  const times = Array.from({ length: 100 }, () => {
    const from = performance.now();
    writeSync(file, block);
    fsyncSync(file);
    return performance.now() - from;
  }).sort((a, b) => a - b);
  closeSync(file);
  rmSync(folder, { recursive: true });
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

function commit(): string {
  try {
    const run = (...args: string[]) =>
      execFileSync("git", args, { cwd: findProject(), encoding: "utf8", stdio: "pipe" }).trim();
    return run("rev-parse", "--short", "HEAD") + (run("status", "--porcelain") === "" ? "" : " with changes");
  } catch {
    return "unknown";
  }
}

/**
 * Looks at this machine; takes some hundred milliseconds. `state` is the folder that the measured system writes to, or
 * another on its disk. By default the one for temporary files, where benches keep the state of the systems they start.
 */
export function describeMachine(state: string = tmpdir()): Machine {
  const { p50, p99 } = measureFsync(state);
  const [first] = cpus();
  return {
    cpu: first?.model ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: commit(),
    fsyncP50Ms: Math.round(p50 * 100) / 100,
    fsyncP99Ms: Math.round(p99 * 100) / 100,
  };
}
