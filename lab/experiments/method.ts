import { type Outcome as LoadOutcome } from "../load/outcome";
import { type Evidence } from "../mesh/disturb/disturbance";
import { isOwn, toDisturbance } from "./actions";
import { type Action, type Activity } from "./activities";
import { pause } from "./clock";
import { type Ground } from "./ground";
import { type ActivityRecord, type Band } from "./journal";
import { performOwn } from "./own-actions";
import { takeProbe, tolerates } from "./probes";
import { type Effect, judgeEffect } from "./verdict";

export type MethodContext = {
  ground: Ground;
  products: readonly string[];
  seed: number;
  /** Aborted by Ctrl-C and by stop conditions: what is in force is then healed at once. */
  signal: AbortSignal;
  /** Ms since the load began. */
  now(): number;
  say(line: string): void;
  flooded: LoadOutcome[];
};

/** Something in force until the end of the method. */
type Open = { action: Action; step: number; fromMs: number; evidence: Evidence | undefined };

const seenWithinMs = 10_000;
const lookEveryMs = 250;

/** Carries out a list of activities; `close` heals what they left in force. */
export class MethodRun {
  readonly records: ActivityRecord[] = [];
  readonly effects: Effect[] = [];
  readonly bands: Band[] = [];
  private readonly open: Open[] = [];
  private readonly behind: Promise<boolean>[] = [];

  constructor(private readonly context: MethodContext) {}

  /** In their order. An action that cannot be carried out ends it, and counts as not confirmed. */
  async perform(activities: readonly Activity[]): Promise<void> {
    const { signal } = this.context;
    for (const activity of activities) {
      await pause(activity.pauses.before, signal);
      if (signal.aborted) break;
      const work = this.note(activity, () => this.one(activity));
      if (activity.type === "action" && activity.background) this.behind.push(work);
      else if (!(await work)) break;
      await pause(activity.pauses.after, signal);
    }
    await Promise.all(this.behind);
  }

  /** Looks at what is still in force for the last time, and heals it, the last first. */
  async close(): Promise<void> {
    for (const open of this.open.splice(0).toReversed()) {
      const evidence = open.evidence ?? (await this.context.ground.observe(open.step).catch(unseen));
      await this.heal(open, evidence);
    }
  }

  /** Whether it could be carried out. */
  private async note(activity: Activity, work: () => Promise<Partial<ActivityRecord>>): Promise<boolean> {
    const startedAt = Date.now();
    const { type, name, provider } = activity;
    const finish = (rest: Pick<ActivityRecord, "status" | "output"> & Partial<ActivityRecord>): void => {
      this.records.push({
        activity: { type, name, provider },
        start: new Date(startedAt).toISOString(),
        end: new Date().toISOString(),
        duration: (Date.now() - startedAt) / 1000,
        ...rest,
      });
    };
    try {
      const result = await work();
      finish({ status: "succeeded", output: null, ...result });
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      finish({ status: "failed", output: message });
      this.effects.push({ name, confirmed: false, detail: `could not be carried out: ${message}` });
      this.context.say(`${name}: could not be carried out: ${message}`);
      return false;
    }
  }

  private async one(activity: Activity): Promise<Partial<ActivityRecord>> {
    if (activity.type === "action") return { output: await this.act(activity) };
    const { value, detail } = await takeProbe(this.context.ground, activity);
    const { tolerance } = activity;
    this.context.say(`${activity.name}: ${String(value)} (${detail})`);
    return {
      output: value,
      ...(tolerance !== undefined && { tolerance_met: tolerates(tolerance, value) }),
    };
  }

  private async act(action: Action): Promise<string> {
    const { ground, say, signal, now } = this.context;
    const fromMs = now();
    const { provider } = action;
    if (isOwn(provider)) {
      say(`${action.name}: begins`);
      const evidence = await performOwn(provider, { ...this.context, system: ground.system });
      this.effects.push(judgeEffect(action, evidence));
      this.bands.push({ name: action.name, fromMs, toMs: now() });
      say(`${action.name}: ${evidence.detail}`);
      return evidence.detail;
    }
    const { step, detail } = await ground.disturb(toDisturbance(provider));
    say(`${action.name}: ${detail}`);
    const open: Open = { action, step, fromMs, evidence: undefined };
    const lasting = "for" in provider.arguments ? provider.arguments.for : undefined;
    if (lasting !== undefined) {
      await pause(lasting - (now() - fromMs), signal);
      await this.heal(open, await ground.observe(step).catch(unseen));
      return detail;
    }
    this.open.push(open);
    // What counts calls is looked at when there have been some; the rest is seen at once or never.
    if (!isCounted(provider.func)) open.evidence = await this.untilSeen(step);
    return detail;
  }

  private async untilSeen(step: number): Promise<Evidence> {
    const { ground, signal } = this.context;
    const deadline = Date.now() + seenWithinMs;
    for (;;) {
      const evidence = await ground.observe(step).catch(unseen);
      if (evidence.seen || Date.now() > deadline || signal.aborted) return evidence;
      await pause(lookEveryMs, signal);
    }
  }

  private async heal({ action, step, fromMs }: Open, evidence: Evidence): Promise<void> {
    const { ground, now, say } = this.context;
    this.effects.push(judgeEffect(action, evidence));
    await ground.heal(step);
    this.bands.push({ name: action.name, fromMs, toMs: now() });
    say(`${action.name}: healed; ${evidence.detail}`);
  }
}

const isCounted = (func: string): boolean =>
  ["fault", "abort", "delay", "slow-link", "partition", "expire-certificate"].includes(func);

function unseen(error: unknown): Evidence {
  return { seen: false, detail: error instanceof Error ? error.message : String(error) };
}
