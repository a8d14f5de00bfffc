import type { Log } from "./log";

/** One step of a shutdown; the steps run in order. */
export type ShutdownStep = { name: string; stop(): Promise<void> | void };

const STEP_DEADLINE_MS = 15_000;

async function runStep({ name, stop }: ShutdownStep, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${STEP_DEADLINE_MS} ms`)), STEP_DEADLINE_MS);
  });
  try {
    await Promise.race([stop(), late]);
  } catch (error) {
    log.error({ err: error, step: name }, "a step of the shutdown failed; the next ones go on");
  } finally {
    clearTimeout(timer);
  }
}

/** Runs every step in order, also after one that fails or takes longer than 15 s. */
export async function runShutdown(steps: ShutdownStep[], log: Log): Promise<void> {
  for (const step of steps) await runStep(step, log);
}

/** Ends the process in order at SIGTERM or SIGINT, and at once at a second signal. */
export function stopOnSignals(stop: () => Promise<void>, log: Log): void {
  let stopping = false;
  function onSignal(signal: NodeJS.Signals): void {
    if (stopping) process.exit(signal === "SIGINT" ? 130 : 143);
    stopping = true;
    log.info({ signal }, "stopping");
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  }
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** Ends the process with status 1 after an error that nothing handled: its state is unknown then. */
export function exitOnUnhandled(log: Log): void {
  for (const event of ["unhandledRejection", "uncaughtException"]) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, "an error that nothing handled");
      process.exit(1);
    });
  }
}
