import { Command } from "commander";

import { type Bus, connectBus } from "../../lib/bus";
import { type DeadLetter, listDeadLetters, replayDeadLetter, showDeadLetter } from "../../lib/dead-letters";
import { AppError } from "../../lib/errors";
import { createLog } from "../../lib/log";
import { exitCodes, Failure } from "../run/failure";
import { withSystem } from "../target/system";
import { note, painter, print, printJson, table } from "./terminal";
import { parseInteger } from "./values";

const sequence = parseInteger(1, Number.MAX_SAFE_INTEGER);

export function dlqCommand(): Command {
  const dlq = new Command("dlq").description("events that a service could not handle");
  dlq
    .command("list")
    .description("the newest dead letters")
    .option("--limit <n>", "at most so many", parseInteger(1, 10_000), 100)
    .option("--consumer <service>", "only those that this service gave up")
    .option("--json", "print JSON")
    .action(async (options: { limit: number; consumer?: string; json?: boolean }) => {
      const { limit, consumer } = options;
      const letters = await withBus({ changes: false }, (bus) =>
        listDeadLetters(bus, { limit, ...(consumer && { consumer }) }),
      );
      if (options.json === true) printJson(letters);
      else showList(letters);
    });
  dlq
    .command("show")
    .description("one dead letter whole: reason, attempts, headers, body")
    .argument("<seq>", "its number in the list", sequence)
    .option("--json", "print JSON")
    .action(async (seq: number, options: { json?: boolean }) => {
      const letter = await withBus({ changes: false }, (bus) => showDeadLetter(bus, seq));
      if (options.json === true) printJson(letter);
      else print(JSON.stringify(letter, null, 2));
    });
  dlq
    .command("replay")
    .description("publish dead letters again; who had handled the event before does nothing")
    .argument("[seq...]", "their numbers in the list")
    .option("--all", "every dead letter")
    .option("--json", "print JSON")
    .action(replay);
  return dlq;
}

async function replay(numbers: string[], options: { all?: boolean; json?: boolean }): Promise<void> {
  if (options.all !== true && numbers.length === 0) {
    throw new Failure("usage.dlq_replay", "say which: one or more numbers, or --all", {
      fix: "see ./symphony dlq list",
      exitCode: exitCodes.usage,
    });
  }
  const replayed = await withBus({ changes: true }, async (bus) => {
    const wanted =
      options.all === true
        ? (await listDeadLetters(bus, { limit: 10_000 })).map((letter) => letter.seq).reverse()
        : numbers.map(sequence);
    const letters: DeadLetter[] = [];
    for (const seq of wanted) letters.push(await replayDeadLetter(bus, seq));
    return letters;
  });
  if (options.json === true)
    printJson({ replayed: replayed.map(({ seq, subject, eventId }) => ({ seq, subject, eventId })) });
  else note(`replayed ${String(replayed.length)} dead ${replayed.length === 1 ? "letter" : "letters"}`);
}

function withBus<T>(options: { changes: boolean }, work: (bus: Bus) => Promise<T>): Promise<T> {
  return withSystem(options, async (system) => useBus(await system.natsUrl(), work));
}

async function useBus<T>(url: string, work: (bus: Bus) => Promise<T>): Promise<T> {
  const bus = connectBus({ url, name: "symphony-cli", log: createLog("cli", "silent") });
  try {
    return await work(bus);
  } catch (error) {
    if (error instanceof AppError)
      throw new Failure(error.code, error.message, { fix: "see ./symphony dlq list" });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Failure("dlq.unavailable", `the broker cannot be asked: ${reason}`, {
      fix: "see ./symphony status",
      cause: error,
    });
  } finally {
    await bus.close();
  }
}

function showList(letters: DeadLetter[]): void {
  if (letters.length === 0) {
    note("no dead letters");
    return;
  }
  const paint = painter(process.stdout);
  const header = ["seq", "time", "consumer", "event", "attempts", "reason"].map((title) =>
    paint("bold", title),
  );
  const rows = letters.map((letter) => [
    String(letter.seq),
    letter.time,
    letter.consumer,
    letter.subject,
    String(letter.attempts),
    letter.reason.slice(0, 100),
  ]);
  print(table(header, rows));
}
