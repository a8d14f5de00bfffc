import { randomUUID } from "node:crypto";

import type { Pattern } from "../../lib/events";
import { arrivals } from "./arrivals";
import { createShopClient, isTerminal, type NewOrder, type OrderView, type Placed } from "./client";
import { enterCustomers } from "./customers";
import { type LoadOptions, type LoadResult, type LoadTick } from "./options";
import { hasLagged, type Outcome } from "./outcome";
import { percentile, summarise } from "./percentiles";

export type { LoadOptions, LoadResult, LoadTick } from "./options";
import { pick, seededRandom } from "./random";

/** The gateway allows a user 100 requests a minute and 1000 an hour to /api/orders: polling takes some. */
const ordersPerUserMinute = 75;
const pollEveryMs = 6000;
/** Once nothing is sent any more there is room for more of them. */
const drainPollEveryMs = 1500;
const maxWaiting = 5000;
/** As many as may wait: a limit of the client's own would hide how long an answer takes. */
const maxSockets = maxWaiting;

/** How many users a load needs to stay below the gateway's limits. */
export function usersFor(rate: number, durationMs: number): number {
  const perHour = 1000 - Math.ceil((durationMs + 60_000) / pollEveryMs);
  return Math.max(
    Math.ceil((rate * 60) / ordersPerUserMinute),
    Math.ceil((rate * durationMs) / 1000 / perHour),
    2,
  );
}

type User = { token: string; open: Map<string, Outcome> };

/**
 * Sends orders at their intended times whether or not earlier ones were answered, and measures from those
 * times, so that a system that stalls cannot hide it. Completion is read from lists of orders, some requests
 * per user and minute, and timed by the order's own `completedAt`, on the same clock; of a pattern whose answer tells
 * how the order ended, by the answer.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const client = createShopClient({ url: options.url, usersUrl: options.usersUrl, maxSockets });
  try {
    const count = options.users ?? usersFor(options.rate, options.durationMs);
    if (options.tokens === undefined) options.onPrepare?.(count);
    const tokens = options.tokens ?? (await enterCustomers(client, count, options.signal));
    options.onReady?.();
    const users = tokens.map((token): User => ({ token, open: new Map() }));
    return await new Load(options, client, users).run();
  } finally {
    client.close();
  }
}

class Load {
  private readonly random: () => number;
  private startedAt = 0;
  private startedWall = 0;
  private waiting = 0;
  private sent = 0;
  private notSent = 0;
  private polls = 0;
  private confirmed = 0;
  private lastEndAt = 0;
  private readonly acceptMs: number[] = [];
  private readonly lagMs: number[] = [];
  private readonly completeMs: number[] = [];
  private readonly errors: Record<string, number> = {};
  private readonly failures: Record<string, number> = {};
  private recent: { at: number; ms: number }[] = [];
  private nextUser = 0;
  private sending = true;

  constructor(
    private readonly options: LoadOptions,
    private readonly client: ReturnType<typeof createShopClient>,
    private readonly users: User[],
  ) {
    // Another stream of numbers than the arrivals': a longer mix must not shift the schedule.
    this.random = seededRandom(options.seed ^ 0x5bd1e995);
  }

  async run(): Promise<LoadResult> {
    this.startedAt = performance.now();
    this.startedWall = Date.now();
    const ticker = setInterval(() => this.options.onTick?.(this.tick()), 1000);
    const polling = { done: false };
    const poller = this.poll(polling);
    try {
      await this.sendAll();
      this.sending = false;
      await this.drain();
    } finally {
      polling.done = true;
      clearInterval(ticker);
      await poller;
    }
    return this.result();
  }

  private get elapsed(): number {
    return performance.now() - this.startedAt;
  }

  private async sendAll(): Promise<void> {
    const { rate, durationMs, seed, kind, signal, until } = this.options;
    const isOver = (): boolean => signal?.aborted === true || until?.aborted === true;
    const { schedule = arrivals({ rate, durationMs, seed, ...(kind && { kind }) }) } = this.options;
    for (const at of schedule) {
      while (this.elapsed < at && !isOver()) await pause(Math.min(at - this.elapsed, 100));
      if (isOver()) return;
      const wanted = pick(this.options.mix, this.random);
      const pattern = this.options.patterns[Math.floor(this.random() * this.options.patterns.length)];
      if (this.waiting >= maxWaiting) this.notSent += 1;
      else void this.send(at, wanted, pattern);
    }
  }

  private async send(at: number, order: NewOrder, pattern: Pattern | undefined): Promise<void> {
    const user = this.users[this.nextUser++ % this.users.length];
    if (user === undefined) return;
    this.sent += 1;
    this.waiting += 1;
    const outcome: Outcome = { key: randomUUID(), at, lagMs: Math.max(this.elapsed - at, 0), told: "open" };
    if (order.paymentToken !== undefined) outcome.token = order.paymentToken;
    this.lagMs.push(outcome.lagMs);
    this.options.onSend?.(outcome);
    try {
      const placed = await this.client.place({
        token: user.token,
        order,
        pattern,
        idempotencyKey: outcome.key,
      });
      this.answered(outcome, placed.status);
      this.placed(user, outcome, placed);
    } catch (error) {
      this.answered(outcome, 0);
      outcome.told = "error";
      outcome.code = (error as NodeJS.ErrnoException).code ?? "no_answer";
      count(this.errors, outcome.code);
    } finally {
      this.waiting -= 1;
    }
  }

  private answered(outcome: Outcome, status: number): void {
    const ms = this.elapsed - outcome.at;
    Object.assign(outcome, { status, answerMs: ms });
    this.acceptMs.push(ms);
    this.options.onMeasured?.("accepted", ms);
    this.recent.push({ at: this.elapsed, ms });
  }

  private placed(user: User, outcome: Outcome, { status, order, problem }: Placed): void {
    const orderId = order?.id ?? problem?.orderId;
    if (orderId !== undefined) outcome.orderId = orderId;
    if (order !== undefined) {
      this.note(user, order, { outcome, accepted: status === 202 });
      return;
    }
    outcome.told = status >= 500 ? "error" : "refused";
    outcome.code = problem.code;
    // With an order's id it is an order that failed, of a synchronous pattern; without one a refused request.
    if (orderId !== undefined) this.failed(problem.code, this.elapsed);
    else count(this.errors, problem.code);
  }

  private note(
    user: User,
    order: OrderView,
    { outcome, accepted }: { outcome: Outcome; accepted: boolean },
  ): void {
    if (!isTerminal(order.status)) {
      user.open.set(order.id, outcome);
      return;
    }
    // An order that ended before its answer came ended for its customer with the answer.
    outcome.endMs = accepted ? this.endedAfter(outcome, order) : (outcome.answerMs ?? 0);
    const endAt = outcome.at + outcome.endMs;
    if (order.status === "failed") {
      outcome.told = "failed";
      outcome.code = order.failureCode ?? order.failureReason ?? "unknown";
      this.failed(outcome.code, endAt);
      return;
    }
    outcome.told = "confirmed";
    this.lastEndAt = Math.max(this.lastEndAt, endAt);
    this.confirmed += 1;
    this.completeMs.push(outcome.endMs);
    this.options.onMeasured?.("completed", outcome.endMs);
  }

  private endedAfter({ at }: Outcome, { completedAt }: OrderView): number {
    const endedAt = completedAt === undefined ? Date.now() : Date.parse(completedAt);
    return Math.max(endedAt - this.startedWall - at, 0);
  }

  /** `endAt` is ms from the start. */
  private failed(code: string, endAt: number): void {
    this.lastEndAt = Math.max(this.lastEndAt, endAt);
    count(this.failures, code);
  }

  /** Looks at each user's orders in turn, so that the requests spread over the whole interval. */
  private async poll(until: { done: boolean }): Promise<void> {
    for (let index = 0; !until.done; index += 1) {
      const user = this.users[index % this.users.length];
      await pause((this.sending ? pollEveryMs : drainPollEveryMs) / this.users.length);
      if (user === undefined || user.open.size === 0) continue;
      // Not waited for: one slow answer must not hold up the others.
      void this.look(user);
    }
  }

  private async look(user: User): Promise<void> {
    this.polls += 1;
    const orders = await this.client.listOrders(user.token).catch(() => []);
    for (const order of orders) {
      const outcome = user.open.get(order.id);
      if (outcome === undefined || !isTerminal(order.status)) continue;
      user.open.delete(order.id);
      this.note(user, order, { outcome, accepted: true });
    }
  }

  private get open(): number {
    return this.users.reduce((sum, user) => sum + user.open.size, 0);
  }

  private async drain(): Promise<void> {
    const deadline = performance.now() + (this.options.drainMs ?? 60_000);
    while (
      this.waiting + this.open > 0 &&
      performance.now() < deadline &&
      this.options.signal?.aborted !== true
    ) {
      await pause(100);
    }
  }

  private tick(): LoadTick {
    const windowMs = 5000;
    this.recent = this.recent.filter((entry) => entry.at > this.elapsed - windowMs);
    const sorted = Float64Array.from(this.recent.map((entry) => entry.ms)).sort();
    return {
      elapsedMs: this.elapsed,
      sent: this.sent,
      confirmed: this.confirmed,
      failed: sum(this.failures),
      errors: sum(this.errors),
      open: this.open,
      rate: (this.recent.length * 1000) / Math.min(windowMs, Math.max(this.elapsed, 1)),
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
    };
  }

  private result(): LoadResult {
    const failed = sum(this.failures);
    const ended = this.confirmed + failed;
    const lagMs = summarise(this.lagMs);
    return {
      lagMs,
      lagged: hasLagged({ lagMs, notSent: this.notSent }),
      seed: this.options.seed,
      rate: this.options.rate,
      durationMs: this.options.durationMs,
      users: this.users.length,
      sent: this.sent,
      accepted: ended + this.open,
      confirmed: this.confirmed,
      failed,
      unfinished: this.open,
      notSent: this.notSent,
      polls: this.polls,
      errors: this.errors,
      failures: this.failures,
      acceptMs: summarise(this.acceptMs),
      completeMs: summarise(this.completeMs),
      completedPerSecond: ended === 0 ? 0 : Math.round((ended / Math.max(this.lastEndAt, 1)) * 10_000) / 10,
    };
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, n) => total + n, 0);

function count(counts: Record<string, number>, code: string): void {
  counts[code] = (counts[code] ?? 0) + 1;
}
