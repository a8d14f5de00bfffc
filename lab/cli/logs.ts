import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

import { Command } from "commander";

import { Failure } from "../run/failure";
import { logFolder, parseLogLine } from "../run/log-files";
import { stateFolder } from "../run/project";
import { readKubeLogs } from "../target/kube-logs";
import { openKubectl } from "../target/kubectl";
import { targetName } from "../target/system";
import { byTime, type Entry, printer } from "./log-printer";
import { parseInteger } from "./values";

type Options = { json?: boolean; follow?: boolean; lines: number };
type Source = { name: string; path: string; offset: number; rest: string };

/** How much of the end of each file is looked at for the last lines. */
const tailBytes = 4 * 1024 * 1024;
const pollMs = 250;

export function logsCommand(): Command {
  return new Command("logs")
    .description("what the processes logged, merged by time; also after they have ended")
    .argument(
      "[process]",
      "only of this service, of nats or postgres, or of a sidecar: order-sidecar, ingress",
    )
    .option("-f, --follow", "go on with what is logged from now on, until Ctrl-C")
    .option("-n, --lines <n>", "how many lines to begin with", parseInteger(0, 100_000), 100)
    .option("--json", "print JSON lines, as they were logged")
    .action(logs);
}

async function logs(service: string | undefined, options: Options): Promise<void> {
  if (targetName() === "kube") {
    const { lines, follow = false } = options;
    const show = printer(options.json === true);
    await readKubeLogs(await openKubectl(), { service, lines, follow }, (entries) => {
      entries.sort(byTime).forEach(show);
    });
    return;
  }
  const sources = findSources(service);
  const show = printer(options.json === true);
  const last = sources.flatMap((source) => readNew(source)).sort(byTime);
  last.slice(last.length - Math.min(options.lines, last.length)).forEach(show);
  if (options.follow !== true) return;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    for (const fresh of findSources(service)) {
      if (!sources.some((source) => source.path === fresh.path)) sources.push({ ...fresh, offset: 0 });
    }
    sources
      .flatMap((source) => readNew(source))
      .sort(byTime)
      .forEach(show);
  }
}

const isSidecar = (name: string): boolean => name.endsWith("-sidecar") || name === "ingress";

function findSources(service: string | undefined): Source[] {
  const folder = logFolder(stateFolder());
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".log"))
        .sort()
    : [];
  if (names.length === 0) {
    throw new Failure("logs.none", "nothing was logged yet", { fix: "start Symphony with npm start" });
  }
  const found = names
    .map((name) => name.slice(0, -".log".length))
    .filter((name) =>
      // A sidecar logs every request: only for who asks.
      service === undefined
        ? !isSidecar(name)
        : name === service || name.replace(/-\d+(?=$|-sidecar$)/, "") === service,
    );
  if (found.length === 0) {
    const known = names.map((name) => name.slice(0, -".log".length)).join(", ");
    throw new Failure("logs.unknown", `there is no log of ${String(service)}`, {
      fix: `choose one of ${known}`,
    });
  }
  return found.map((name) => {
    const path = join(folder, `${name}.log`);
    return { name, path, offset: Math.max(statSync(path).size - tailBytes, 0), rest: "" };
  });
}

/** The whole lines that were added since the last call. A line without a time belongs to the one before. */
function readNew(source: Source): Entry[] {
  const size = statSync(source.path, { throwIfNoEntry: false })?.size ?? 0;
  // Shorter than before: it was rotated, and what is in it is new.
  if (size < source.offset) Object.assign(source, { offset: 0, rest: "" });
  const buffer = Buffer.alloc(Math.min(size - source.offset, tailBytes));
  if (buffer.length === 0) return [];
  const file = openSync(source.path, "r");
  try {
    readSync(file, buffer, 0, buffer.length, source.offset);
  } finally {
    closeSync(file);
  }
  source.offset += buffer.length;
  const lines = (source.rest + buffer.toString("utf8")).split("\n");
  source.rest = lines.pop() ?? "";
  let time = "";
  return lines
    .filter((raw) => raw.trim() !== "")
    .map((raw) => {
      const line = parseLogLine(raw, source.name);
      time = line.time === "" ? time : line.time;
      return { line: { ...line, time }, raw, source: source.name };
    });
}
