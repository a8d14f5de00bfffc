import { randomUUID } from "node:crypto";

import { environmentFailure, Failure } from "../../run/failure";
import { refuseDeadLetters, wipeBroker } from "./broker";
import { type Disturbance, type DisturbanceKind, type Disturbed, type Evidence } from "./disturbance";
import { type Host } from "./host";
import { shortenCertificate, slowDisk } from "./platform";
import { hold, kill, pause } from "./processes";
import { applyFault, applyRule } from "./rules";
import { configure, roll, scale, skewClock } from "./services";

type Open = {
  id: string;
  title: string;
  leaseMs: number;
  steps: Map<number, Disturbed>;
  timer?: NodeJS.Timeout;
};

type Performers = {
  [K in DisturbanceKind]: (
    host: Host,
    disturbance: Extract<Disturbance, { kind: K }>,
  ) => Disturbed | Promise<Disturbed>;
};

const performers: Performers = {
  fault: applyFault,
  rule: applyRule,
  kill,
  hold,
  pause,
  roll,
  scale,
  configure,
  clock: skewClock,
  certificate: shortenCertificate,
  "slow-disk": slowDisk,
  "no-dead-letters": refuseDeadLetters,
  "wipe-broker": wipeBroker,
};

async function perform(host: Host, disturbance: Disturbance): Promise<Disturbed> {
  const performer = performers[disturbance.kind] as (
    host: Host,
    disturbance: Disturbance,
  ) => Promise<Disturbed>;
  return performer(host, disturbance);
}

/**
 * The one experiment that may run, in the process that runs the system: whatever becomes of the experiment's own
 * process, what it broke is healed here once it has not renewed its lease.
 */
export class Session {
  private current: Open | undefined;
  private steps = 0;

  constructor(
    private readonly host: Host,
    private readonly say: (line: string) => void,
  ) {}

  begin({ title, leaseMs }: { title: string; leaseMs: number }): { id: string } {
    if (this.current !== undefined)
      throw environmentFailure(
        "experiment.running",
        `the experiment "${this.current.title}" is running on this system`,
        "wait for its end: two at once would measure each other",
      );
    this.current = { id: randomUUID(), title, leaseMs, steps: new Map() };
    this.renew(this.current.id);
    return { id: this.current.id };
  }

  renew(id: string): void {
    const current = this.of(id);
    clearTimeout(current.timer);
    current.timer = setTimeout(() => {
      this.say(`the experiment "${current.title}" is gone; healing what it left`);
      // What could not be healed is told by then.
      this.close(current).catch(() => undefined);
    }, current.leaseMs).unref();
  }

  async disturb(id: string, disturbance: Disturbance): Promise<{ step: number; detail: string }> {
    const current = this.of(id);
    const done = await perform(this.host, disturbance);
    // Its lease may have ended while this took its time.
    if (this.current !== current) {
      await done.heal();
      throw gone();
    }
    this.steps += 1;
    current.steps.set(this.steps, done);
    return { step: this.steps, detail: done.detail };
  }

  observe(id: string, step: number): Promise<Evidence> {
    return this.stepOf(id, step).observe();
  }

  async heal(id: string, step: number): Promise<void> {
    const { steps } = this.of(id);
    const done = steps.get(step);
    await done?.heal();
    steps.delete(step);
  }

  async end(id: string): Promise<{ healed: string[] }> {
    return this.close(this.of(id));
  }

  /** The system stops: heals what must not stay, such as a process that was stopped by a signal. */
  async abandon(): Promise<void> {
    if (this.current !== undefined) await this.close(this.current).catch(() => undefined);
  }

  private async close(current: Open): Promise<{ healed: string[] }> {
    clearTimeout(current.timer);
    const healed: string[] = [];
    const failed: string[] = [];
    for (const [step, done] of [...current.steps].toReversed()) {
      await done.heal().then(
        () => healed.push(done.detail),
        (error: unknown) =>
          failed.push(`${done.detail}: ${error instanceof Error ? error.message : String(error)}`),
      );
      current.steps.delete(step);
    }
    if (this.current === current) this.current = undefined;
    for (const line of failed) this.say(`could not be healed: ${line}`);
    if (failed.length > 0)
      throw new Failure("experiment.not_healed", `could not be healed: ${failed.join("; ")}`, {
        fix: "stop the system and start it again",
      });
    return { healed };
  }

  private of(id: string): Open {
    if (this.current?.id === id) return this.current;
    throw gone();
  }

  private stepOf(id: string, step: number): Disturbed {
    const found = this.of(id).steps.get(step);
    if (found !== undefined) return found;
    throw new Failure("experiment.no_step", `step ${String(step)} is healed already`);
  }
}

function gone(): Failure {
  return new Failure("experiment.lease", "the experiment lost its lease on the system", {
    fix: "run it again; what it did was healed",
  });
}
