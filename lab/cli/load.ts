import { Command, InvalidArgumentError, Option } from "commander";

import { type Pattern, patterns } from "../../lib/events";
import type { NewOrder } from "../load/client";
import { type LoadResult, type LoadTick, runLoad } from "../load/load";
import type { Summary } from "../load/percentiles";
import { loadCatalogue } from "../load/stock";
import { exitCodes } from "../run/failure";
import { type System, withSystem } from "../target/system";
import { note, print, printJson, table } from "./terminal";
import { collect, parseDuration, parseInteger, parsePositive } from "./values";

const maxRate = 2000;
const maxDurationMs = 600_000;

type Options = {
  rate: number;
  duration: number;
  seed: number;
  pattern: Pattern | "mix";
  token?: { token: string; weight: number }[];
  arrivals: "poisson" | "uniform";
  json?: boolean;
};

export function loadCommand(): Command {
  return new Command("load")
    .description("send orders at a steady rate, whether or not earlier ones were answered, and measure")
    .option("--rate <n>", `orders per second, at most ${String(maxRate)}`, parsePositive(maxRate), 10)
    .option("--duration <duration>", "how long, at most 10m", loadDuration, 30_000)
    .option(
      "--seed <n>",
      "the same seed sends the same orders at the same times",
      parseInteger(0, 2 ** 32 - 1),
      1,
    )
    .addOption(
      new Option("--pattern <pattern>", "how the orders run").choices([...patterns, "mix"]).default("saga"),
    )
    .option(
      "--token <token=weight>",
      "payment tokens by weight, such as tok_declined=5; may be repeated",
      collect(tokenWeight),
    )
    .addOption(
      new Option("--arrivals <kind>", "the gaps between orders")
        .choices(["poisson", "uniform"])
        .default("poisson"),
    )
    .option("--json", "print the summary as JSON")
    .action((options: Options) => withSystem({ changes: true }, (system) => load(system, options)));
}

function loadDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms < 100 || ms > maxDurationMs) throw new InvalidArgumentError("give a duration from 100ms to 10m.");
  return ms;
}

function tokenWeight(text: string): { token: string; weight: number } {
  const match = /^([\x21-\x3c\x3e-\x7e]{1,100})(?:=(\d+(?:\.\d+)?))?$/.exec(text);
  if (match === null)
    throw new InvalidArgumentError("give a token, or a token and its weight, such as tok_declined=5.");
  return { token: match[1] ?? "", weight: Number(match[2] ?? 1) };
}

async function load(system: System, options: Options): Promise<void> {
  const url = await system.url();
  const usersUrl = await system.serviceUrl("user");
  const expected = Math.ceil((options.rate * options.duration) / 1000);
  const products = await loadCatalogue({
    url,
    usersUrl,
    inventoryUrl: await system.serviceUrl("inventory"),
    admin: await system.admin(),
    orders: expected,
  });
  const tokens = options.token ?? [{ token: "tok_ok", weight: 1 }];
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    note("\nstopping; what was sent is still followed for a moment");
    interrupted.abort();
  });
  const line = liveLine();
  const result = await runLoad({
    url,
    usersUrl,
    rate: options.rate,
    durationMs: options.duration,
    seed: options.seed,
    kind: options.arrivals,
    mix: mixOf(products, tokens),
    patterns: options.pattern === "mix" ? patterns : [options.pattern],
    signal: interrupted.signal,
    onPrepare: (users) => {
      note(`registering ${String(users)} demo users, so that each stays below the gateway's limits`);
    },
    onTick: line.show,
  });
  line.end();
  if (options.json === true) printJson(result);
  else show(result);
  if (interrupted.signal.aborted) process.exitCode = exitCodes.interrupted;
  else if (result.unfinished + result.notSent > 0 || Object.keys(result.errors).length > 0)
    process.exitCode = exitCodes.failed;
}

function mixOf(
  products: string[],
  tokens: { token: string; weight: number }[],
): { value: NewOrder; weight: number }[] {
  return products.flatMap((productId) =>
    tokens.map(({ token, weight }) => ({ value: { productId, quantity: 1, paymentToken: token }, weight })),
  );
}

function liveLine(): { show(tick: LoadTick): void; end(): void } {
  const rewrites = process.stderr.isTTY;
  return {
    show(tick) {
      const ended = tick.confirmed + tick.failed;
      const success =
        ended + tick.errors === 0 ? "-" : `${((100 * tick.confirmed) / (ended + tick.errors)).toFixed(1)} %`;
      const text = [
        `${(tick.elapsedMs / 1000).toFixed(0).padStart(4)} s`,
        `${tick.rate.toFixed(0)}/s`,
        `p50 ${ms(tick.p50)}`,
        `p99 ${ms(tick.p99)}`,
        `confirmed ${String(tick.confirmed)}`,
        `failed ${String(tick.failed)}`,
        `open ${String(tick.open)}`,
        `errors ${String(tick.errors)}`,
        `success ${success}`,
      ].join("  ");
      process.stderr.write(rewrites ? `\r\u001b[K${text}` : `${text}\n`);
    },
    end() {
      if (rewrites) process.stderr.write("\n");
    },
  };
}

const ms = (value: number): string => (Number.isNaN(value) ? "-" : `${value.toFixed(0)} ms`);

function show(result: LoadResult): void {
  const times = (name: string, summary: Summary | undefined): string[] =>
    summary === undefined
      ? [name, "-", "-", "-", "-"]
      : [name, ms(summary.p50), ms(summary.p90), ms(summary.p99), ms(summary.max)];
  print(
    table(
      ["from the intended time", "p50", "p90", "p99", "max"],
      [
        times("to the answer", result.acceptMs),
        times("to confirmed", result.completeMs),
        times("sent late by", result.lagMs),
      ],
    ),
  );
  print("");
  const counts = (["sent", "accepted", "confirmed", "failed", "unfinished", "notSent"] as const).map(
    (name) => {
      return `${name === "notSent" ? "not sent" : name} ${String(result[name])}`;
    },
  );
  print(counts.join("  "));
  print(`${String(result.completedPerSecond)} orders/s completed; seed ${String(result.seed)}`);
  if (result.lagged) print("the load generator could not keep up: these are not the system's figures");
  for (const [code, count] of Object.entries(result.failures)) print(`  failed: ${code} ${String(count)}`);
  for (const [code, count] of Object.entries(result.errors)) print(`  error: ${code} ${String(count)}`);
}
