import type { ChildProcess } from "node:child_process";

import { Failure, fromDiskError } from "./failure";
import { lastWords, type LogFile } from "./log-files";
import { type Command, type Exit, exitOf, start, untilReady } from "./process";

export type SupervisedSpec = {
  name: string;
  /** Called for each start, so that a restart also repairs what the last end left behind. */
  command(): Command | Promise<Command>;
  /** Fails until the process does its work. */
  probe(): Promise<void>;
  readyTimeoutMs: number;
  stopSignal: NodeJS.Signals;
  /** How long it may take to stop before it is killed. */
  graceMs: number;
  /** How much further it gives way to other processes than all of its system do; not at all, unless given. */
  niceness?: number;
};

export type SupervisedStatus = "starting" | "ready" | "restarting" | "stopped";
type Hooks = {
  say(line: string): void;
  changed(): void;
  /** How far it gives way to other processes; not at all, unless given. */
  niceness?: number | undefined;
};

/** After this long without dying, the next restart is quick again. */
const settledMs = 30_000;

/** How long to wait before the n-th restart in a row: 0.25 s, doubled each time, at most 10 s. */
export function backoffMs(failures: number): number {
  return Math.min(250 * 2 ** failures, 10_000);
}

/** A process that is started again, with back-off, whenever it dies on its own. */
export class Supervised {
  readonly name: string;
  status: SupervisedStatus = "starting";
  restarts = 0;
  since = new Date();
  private child: ChildProcess | undefined;
  private failures = 0;
  private stopping = false;
  private held = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly spec: SupervisedSpec,
    readonly log: LogFile,
    private readonly hooks: Hooks,
  ) {
    this.name = spec.name;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.child !== undefined && !hasEnded(this.child) ? this.child.pid : undefined;
  }

  /** Starts it for the first time and resolves once it is ready. A first start that fails is not repeated. */
  async start(): Promise<void> {
    const problem = await this.launch();
    if (problem === undefined) return;
    this.stopping = true;
    this.killNow();
    throw problem;
  }

  /** Stops it in order, by force after its grace period. Safe to call twice and in any state. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.end();
  }

  private async end(): Promise<void> {
    clearTimeout(this.timer);
    const child = this.child;
    if (child === undefined || hasEnded(child)) {
      this.become("stopped");
      return;
    }
    const exit = exitOf(child);
    child.kill(this.spec.stopSignal);
    // A paused process hears nothing until it goes on.
    child.kill("SIGCONT");
    const force = setTimeout(() => {
      this.hooks.say(`${this.name} did not stop within ${String(this.spec.graceMs / 1000)} s and is killed`);
      this.killGroup();
    }, this.spec.graceMs);
    await exit;
    clearTimeout(force);
    this.become("stopped");
  }

  /** Sends a signal, as a fault: what ends by it is restarted. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Kills it and whatever it started, and keeps it down until `release`. Resolves once it is gone. */
  async hold(): Promise<void> {
    this.held = true;
    clearTimeout(this.timer);
    const child = this.child;
    if (child !== undefined && !hasEnded(child)) {
      const exit = exitOf(child);
      this.killGroup();
      await exit;
    }
    this.become("stopped");
  }

  /** Starts it again after `hold`, and resolves once it is ready or, where it does not become so, is tried again. */
  async release(): Promise<void> {
    if (!this.held) return;
    this.held = false;
    const problem = await this.launch();
    if (problem !== undefined && !this.stopping) this.again(problem.message);
  }

  /** Stops it in order and starts it again. Rejects where it does not become ready. */
  async roll(): Promise<void> {
    this.held = true;
    await this.end();
    this.held = false;
    const problem = this.stopping ? undefined : await this.launch();
    if (problem !== undefined) throw problem;
  }

  /** Kills it and whatever it started, and does not restart it. */
  killNow(): void {
    this.stopping = true;
    clearTimeout(this.timer);
    this.killGroup();
  }

  private killGroup(): void {
    const pid = this.pid;
    if (pid === undefined) return;
    try {
      // Its own process group: nothing that it started stays.
      process.kill(-pid, "SIGKILL");
    } catch {
      this.child?.kill("SIGKILL");
    }
  }

  private async launch(): Promise<Error | undefined> {
    const offset = this.log.size();
    let exit: Exit | undefined;
    let child: ChildProcess;
    try {
      child = start(await this.spec.command(), {
        detached: true,
        output: this.log.descriptor,
        niceness: (this.spec.niceness ?? 0) + (this.hooks.niceness ?? 0),
      });
    } catch (error) {
      const problem = fromDiskError(error, this.name);
      return problem instanceof Error ? problem : new Error(String(problem));
    }
    if (this.isKeptDown) {
      this.child = child;
      this.killGroup();
      return new Failure("run.stopped", `${this.name} was stopped while it started`);
    }
    this.child = child;
    this.hooks.changed();
    const ended = (how: Exit): void => {
      exit = how;
      if (this.status === "ready" && !this.isKeptDown) this.restart(how);
    };
    exitOf(child).then(ended, (error: unknown) => {
      this.log.size();
      ended({ code: 127, signal: null });
      this.hooks.say(
        `${this.name} cannot be started: ${error instanceof Error ? error.message : String(error)}`,
      );
    });
    const failure = (): Failure | undefined =>
      exit === undefined
        ? undefined
        : new Failure(
            "run.start_failed",
            `${this.name} ended ${describeExit(exit)} while it started: ${lastWords(this.log.since(offset))}`,
            {
              fix: `see ./symphony logs ${this.name}`,
            },
          );
    try {
      await untilReady({
        probe: () => this.spec.probe(),
        timeoutMs: this.spec.readyTimeoutMs,
        intervalMs: 100,
        ended: failure,
      });
    } catch (error) {
      if (error instanceof Failure) return error;
      const reason = error instanceof Error ? error.message : String(error);
      return new Failure(
        "run.not_ready",
        `${this.name} is not ready after ${String(this.spec.readyTimeoutMs / 1000)} s: ${reason}`,
        {
          fix: `see ./symphony logs ${this.name}`,
        },
      );
    }
    // It may have been the last process's answer, on the same port, that satisfied the probe.
    const early = failure();
    if (early !== undefined) return early;
    this.become("ready");
    return undefined;
  }

  private get isKeptDown(): boolean {
    return this.stopping || this.held;
  }

  private restart(exit: Exit): void {
    if (Date.now() - this.since.getTime() > settledMs) this.failures = 0;
    this.again(`${this.name} ended ${describeExit(exit)}`);
  }

  private again(why: string): void {
    const delay = backoffMs(this.failures);
    this.failures += 1;
    this.restarts += 1;
    this.become("restarting");
    this.hooks.say(`${why}, restarting in ${String(delay / 1000)} s`);
    const diedAt = Date.now();
    this.timer = setTimeout(() => {
      this.launch().then(
        (problem) => {
          if (this.isKeptDown) return;
          if (problem === undefined) {
            this.hooks.say(`${this.name} is back after ${((Date.now() - diedAt) / 1000).toFixed(1)} s`);
            return;
          }
          this.signal("SIGKILL");
          this.again(problem.message);
        },
        (error: unknown) => {
          this.again(String(error));
        },
      );
    }, delay);
  }

  private become(status: SupervisedStatus): void {
    this.status = status;
    this.since = new Date();
    this.hooks.changed();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function describeExit(exit: Exit): string {
  return exit.signal === null ? `with code ${String(exit.code)}` : `by ${exit.signal}`;
}
