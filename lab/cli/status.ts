import { Command } from "commander";

import { type LocalAddress, requestLocal } from "../../lib/local-http";
import { exitCodes } from "../run/failure";
import { memoryOf } from "../run/memory";
import { stateFolder } from "../run/project";
import { type ProcessState, requireRunning, type RunState } from "../run/state";
import { targetName } from "../target/system";
import { showKubeStatus } from "./status-kube";
import { type Colour, note, painter, print, printJson, table } from "./terminal";
import { formatAge, formatBytes } from "./values";

type Check = Record<string, unknown>;
export type ProcessReport = {
  name: string;
  status: ProcessState["status"] | "not ready";
  pid: number | undefined;
  url: string | undefined;
  restarts: number;
  ageMs: number;
  /** Proportional set size, so that shared pages count once. */
  memoryBytes: number | undefined;
  checks: Check | undefined;
};

export function statusCommand(): Command {
  return new Command("status")
    .description("what runs, and whether it is ready; exits with 1 where something is not")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      if (targetName() === "kube") {
        await showKubeStatus(options);
        return;
      }
      const state = requireRunning(stateFolder());
      const report = await inspect(state);
      const ready = report.processes.every((entry) => entry.status === "ready");
      if (options.json === true) printJson({ ready, ...report });
      else show(report, ready);
      if (!ready) process.exitCode = exitCodes.failed;
    });
}

async function inspect(state: RunState) {
  const processes = await Promise.all(state.processes.map(inspectProcess));
  const known = processes.map((entry) => entry.memoryBytes).filter((bytes) => bytes !== undefined);
  return {
    url: state.url,
    mesh: state.control !== undefined,
    startedAt: state.startedAt,
    runnerPid: state.runner.pid,
    natsUrl: state.natsUrl?.replace(/\/\/.*@/, "//"),
    memoryBytes: known.length === 0 ? undefined : known.reduce((sum, bytes) => sum + bytes, 0),
    processes,
  };
}

async function inspectProcess(entry: ProcessState): Promise<ProcessReport> {
  const readiness =
    entry.status === "ready" && entry.address !== undefined ? await askReady(entry.address) : undefined;
  return {
    name: entry.name,
    status: readiness?.ready === false ? "not ready" : entry.status,
    pid: entry.pid,
    url: entry.url,
    restarts: entry.restarts,
    ageMs: Date.now() - Date.parse(entry.since),
    memoryBytes: entry.pid === undefined ? undefined : memoryOf(entry.pid),
    checks: readiness?.checks,
  };
}

async function askReady(address: LocalAddress): Promise<{ ready: boolean; checks: Check | undefined }> {
  try {
    const { status, body } = await requestLocal(address, "/readyz");
    return { ready: status === 200, checks: (JSON.parse(body) as { checks?: Check }).checks };
  } catch {
    return { ready: false, checks: undefined };
  }
}

function show(report: Awaited<ReturnType<typeof inspect>>, ready: boolean): void {
  const paint = painter(process.stdout);
  const colours: Record<string, Colour> = { ready: "green", starting: "yellow", restarting: "red" };
  const rows = report.processes.map((entry) => [
    entry.name,
    paint(colours[entry.status] ?? "red", entry.status),
    formatAge(entry.ageMs),
    String(entry.restarts),
    entry.memoryBytes === undefined ? "-" : formatBytes(entry.memoryBytes),
    entry.pid === undefined ? "-" : String(entry.pid),
    entry.url ?? "",
  ]);
  const header = ["process", "status", "for", "restarts", "memory", "pid", "url"];
  print(
    table(
      header.map((title) => paint("bold", title)),
      rows,
    ),
  );
  const memory = report.memoryBytes === undefined ? "" : `, ${formatBytes(report.memoryBytes)} in all`;
  const mesh = report.mesh ? "" : ", without the mesh";
  note(`${ready ? "everything is ready" : "not everything is ready"} at ${report.url}${memory}${mesh}`);
}
