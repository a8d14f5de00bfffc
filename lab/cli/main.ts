import { Command, CommanderError } from "commander";

import { exitCodes, Failure } from "../run/failure";
import { completionCommand } from "./completion";
import { dlqCommand } from "./dlq";
import { doctorCommand } from "./doctor";
import { downCommand } from "./down";
import { installCommand } from "./install";
import { loadCommand } from "./load";
import { logsCommand } from "./logs";
import { orderCommand } from "./order";
import { replayCommand } from "./replay";
import { resetCommand } from "./reset";
import { statusCommand } from "./status";
import { note, painter, printJson } from "./terminal";
import { upCommand } from "./up";

function createProgram(): Command {
  const program = new Command("symphony")
    .description("Run, watch and load Symphony on this machine.")
    .option("--state <folder>", "where data, logs and passwords lie (default: SYMPHONY_STATE or .symphony)")
    .hook("preAction", (_program, command) => {
      const { state } = command.optsWithGlobals<{ state?: string }>();
      if (state !== undefined) process.env.SYMPHONY_STATE = state;
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 something of this machine, 4 stopped by a condition, 130 interrupted." +
        "\nData goes to stdout, everything else to stderr; --json prints errors as JSON too.",
    );
  const commands = [
    upCommand(),
    downCommand(),
    statusCommand(),
    logsCommand(),
    orderCommand(),
    loadCommand(),
    dlqCommand(),
    replayCommand(),
    resetCommand(),
    doctorCommand(),
    installCommand(),
    completionCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  prepare(program);
  return program;
}

/** Commander ends the process by itself unless told not to, for each command on its own. */
function prepare(command: Command): void {
  command.exitOverride().showHelpAfterError("(--help shows what is possible)");
  command.configureOutput({ outputError: (text) => (wantsJson() ? undefined : note(text.trimEnd())) });
  command.commands.forEach(prepare);
}

const wantsJson = (): boolean => process.argv.includes("--json");

function report(error: unknown): void {
  if (error instanceof CommanderError) {
    reportUsage(error);
    return;
  }
  const failure =
    error instanceof Failure
      ? error
      : new Failure("internal", error instanceof Error ? error.message : String(error), { cause: error });
  process.exitCode = failure.exitCode;
  if (wantsJson()) {
    const { code, message, fix, exitCode } = failure;
    printJson({ error: { code, message, ...(fix !== undefined && { fix }), exitCode } });
    return;
  }
  const paint = painter(process.stderr);
  note(
    `${paint("red", "symphony:")} ${failure.message}${failure.fix === undefined ? "" : `; ${failure.fix}`}`,
  );
  // Not foreseen: whoever repairs it needs to know where it happened.
  if (!(error instanceof Failure) && error instanceof Error && error.stack !== undefined)
    note(paint("dim", error.stack));
}

function reportUsage(error: CommanderError): void {
  // Commander throws for --help too, with code 0; a command without its subcommand shows help and is wrong usage.
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error.exitCode !== 0 && wantsJson()) {
    printJson({
      error: { code: "usage", message: error.message.replace(/^error: /, ""), exitCode: exitCodes.usage },
    });
  }
}

for (const stream of [process.stdout, process.stderr]) {
  // Whoever reads the output may stop early, as `head` does: that is no failure.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCodes.ok);
    throw error;
  });
}

createProgram().parseAsync().catch(report);
