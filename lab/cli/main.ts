import { Command, CommanderError, Option } from "commander";

import { describeError, exitCodes, Failure } from "../run/failure";
import { targetName, targetNames } from "../target/system";
import { compileCommand } from "./compile";
import { completionCommand } from "./completion";
import { dlqCommand } from "./dlq";
import { doctorCommand } from "./doctor";
import { downCommand } from "./down";
import { experimentCommand } from "./experiment";
import { faultCommand } from "./fault";
import { forwardCommand } from "./forward";
import { installCommand } from "./install";
import { invariantsCommand } from "./invariants";
import { loadCommand } from "./load";
import { logsCommand } from "./logs";
import { meshCommand } from "./mesh";
import { metricsCommand } from "./metrics";
import { orderCommand } from "./order";
import { replayCommand } from "./replay";
import { resetCommand } from "./reset";
import { runsCommand } from "./runs";
import { statusCommand } from "./status";
import { note, painter, printJson } from "./terminal";
import { topCommand } from "./top";
import { traceCommand } from "./trace";
import { upCommand } from "./up";

function createProgram(): Command {
  const program = new Command("symphony")
    .description("Run, watch, load and break Symphony, on this machine or on a cluster.")
    .option("--state <folder>", "where data, logs and passwords lie (default: SYMPHONY_STATE or .symphony)")
    .addOption(
      new Option(
        "--target <target>",
        "which Symphony: this machine's, or that of kubectl's current context (default: SYMPHONY_TARGET or laptop)",
      ).choices(targetNames),
    )
    .option("--yes", "change a cluster that is not a kind cluster without asking")
    .hook("preAction", (_program, command) => {
      const { state, target, yes } = command.optsWithGlobals<{
        state?: string;
        target?: string;
        yes?: boolean;
      }>();
      if (state !== undefined) process.env.SYMPHONY_STATE = state;
      if (target !== undefined) process.env.SYMPHONY_TARGET = target;
      if (yes === true) process.env.SYMPHONY_YES = "1";
      refuseOnCluster(command);
    })
    .addHelpText(
      "after",
      "\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 something of this machine, 4 stopped by a condition, 5 inconclusive, 130 interrupted." +
        "\nData goes to stdout, everything else to stderr; --json prints errors as JSON too.",
    );
  const commands = [
    upCommand(),
    downCommand(),
    statusCommand(),
    logsCommand(),
    orderCommand(),
    traceCommand(),
    topCommand(),
    metricsCommand(),
    loadCommand(),
    faultCommand(),
    experimentCommand(),
    runsCommand(),
    meshCommand(),
    forwardCommand(),
    compileCommand(),
    dlqCommand(),
    invariantsCommand(),
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

/** What starts and stops Symphony on this machine has no meaning on a cluster. */
const laptopOnly: Record<string, string> = {
  up: "skaffold run installs it there",
  down: "skaffold delete takes it away there",
  reset: "skaffold delete and skaffold run start anew there",
  mesh: "kubectl apply, kubectl diff and istioctl proxy-status do it there",
};

function refuseOnCluster(command: Command): void {
  const family = command.parent?.name() === "mesh" ? "mesh" : command.name();
  const instead = laptopOnly[family];
  if (instead === undefined || targetName() === "laptop") return;
  throw new Failure("usage.laptop_only", `${family} is about this machine, not about a cluster`, {
    fix: instead,
    exitCode: exitCodes.usage,
  });
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
  const paint = painter(process.stderr);
  if (wantsJson()) {
    const { code, message, fix, exitCode } = failure;
    printJson({ error: { code, message, ...(fix !== undefined && { fix }), exitCode } });
  } else note(`${paint("red", "symphony:")} ${describeError(failure)}`);
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
