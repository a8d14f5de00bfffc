import { Command } from "commander";

import { stateFolder } from "../run/project";
import { requireRunning } from "../run/state";
import { type System, withSystem } from "../target/system";
import { compareHops, type HopCounts, type HopRow, scrapeHops } from "../telemetry/hops";
import { type Sample } from "../telemetry/open-metrics";
import { compareRoutes, type RouteRow } from "../telemetry/routes";
import { scrape } from "../telemetry/scrape";
import { note, painter, print, printJson, table } from "./terminal";
import { parseDuration, parseInteger } from "./values";

type Options = { interval: number; count?: number; json?: boolean };

export function topCommand(): Command {
  return new Command("top")
    .description("requests per route, live: rate, success, latency, retries")
    .option("--interval <duration>", "how long to look before each table", parseDuration, 2_000)
    .option(
      "--count <n>",
      "how many tables (default: until Ctrl-C; one where the output is no terminal)",
      parseInteger(1, 1_000_000),
    )
    .option("--json", "print one JSON object per interval")
    .action((options: Options) => withSystem({ changes: false }, (system) => top(system, options)));
}

async function top(system: System, { interval, count, json }: Options): Promise<void> {
  const live = process.stdout.isTTY && json !== true;
  const rounds = count ?? (live ? Infinity : 1);
  let before = await look(system);
  let from = performance.now();
  for (let round = 0; round < rounds; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    const now = await look(system);
    const seconds = (performance.now() - from) / 1000;
    from = performance.now();
    const rows = compareRoutes(before.routes, now.routes, seconds);
    const hops = compareHops(before.hops, now.hops, seconds);
    before = now;
    if (json === true) printJson({ seconds, routes: rows, hops });
    else show(rows, hops, live);
  }
}

/** On a cluster what sidecars count is Prometheus' and its dashboards' business. */
async function look(system: System): Promise<{ routes: Sample[]; hops: HopCounts[] }> {
  const processes = system.target === "kube" ? [] : requireRunning(stateFolder()).processes;
  const [routes, hops] = await Promise.all([scrape(system), scrapeHops(processes)]);
  return { routes, hops };
}

const inMs = (ms: number): string => (Number.isNaN(ms) ? "-" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);

function show(rows: RouteRow[], hops: HopRow[], live: boolean): void {
  const paint = painter(process.stdout);
  // Home, and clear what is below: the table is written over itself.
  if (live) process.stdout.write("\u001b[H\u001b[J");
  if (rows.length === 0) {
    note("no requests");
    return;
  }
  const header = ["service", "route", "req/s", "success", "p50", "p95", "p99", "retries/s"];
  print(
    table(
      header.map((title) => paint("bold", title)),
      rows.map((row) => [
        row.service,
        row.route,
        row.perSecond.toFixed(1),
        paint(row.success < 0.999 ? "red" : "green", `${(row.success * 100).toFixed(1)} %`),
        inMs(row.p50),
        inMs(row.p95),
        inMs(row.p99),
        row.retriesPerSecond.toFixed(1),
      ]),
    ),
  );
  if (hops.length > 0) showHops(hops);
}

/** What the callers' sidecars did: each retry is theirs, also one that reached nobody. */
function showHops(hops: HopRow[]): void {
  const paint = painter(process.stdout);
  const header = ["sidecar of", "to", "req/s", "retries/s", "timeouts/s", "refused/s", "ejected"];
  const rate = (value: number): string => paint(value > 0 ? "red" : "dim", value.toFixed(1));
  print("");
  print(
    table(
      header.map((title) => paint("bold", title)),
      hops.map((hop) => [
        hop.from,
        hop.to,
        hop.perSecond.toFixed(1),
        ...[hop.retriesPerSecond, hop.timeoutsPerSecond, hop.refusedPerSecond].map(rate),
        paint(hop.ejected > 0 ? "red" : "dim", String(hop.ejected)),
      ]),
    ),
  );
}
