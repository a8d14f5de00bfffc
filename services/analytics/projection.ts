import { isErrorCode } from "../../lib/errors";
import { type EventData } from "../../lib/events";
import { bucketOf, percentiles } from "./histogram";

/** A number by name: orders by pattern, minor units by currency, orders by histogram bucket. */
export type Counts = Record<string, number>;

export type Totals = {
  created: Counts;
  confirmed: Counts;
  failed: Counts;
  revenue: Counts;
  confirmedDurations: Counts;
  failedDurations: Counts;
};

/** What happened in one minute, which `minute` begins (ISO 8601, UTC). */
export type Minute = Totals & { minute: string };

/** The events that are counted. */
export const countedNames = ["order.created", "saga.completed", "saga.failed"] as const;

export type CountedEvent = {
  [N in (typeof countedNames)[number]]: { name: N; data: EventData<N> };
}[(typeof countedNames)[number]];

const minuteMs = 60_000;

/** The minute that holds a time. What claims to be older than 1970 counts there: Postgres has no year 0. */
export function minuteOf(time: string): string {
  return new Date(Math.floor(Math.max(0, Date.parse(time)) / minuteMs) * minuteMs).toISOString();
}

/** Nothing counted. */
export function emptyTotals(): Totals {
  return { created: {}, confirmed: {}, failed: {}, revenue: {}, confirmedDurations: {}, failedDurations: {} };
}

/** The minute an event counts in: when it happened, whenever it arrives, so that a rebuild gives the same. */
export function minuteOfEvent(event: CountedEvent): string {
  switch (event.name) {
    case "order.created":
      return minuteOf(event.data.timestamp);
    case "saga.completed":
      return minuteOf(event.data.completed_at);
    case "saga.failed":
      return minuteOf(event.data.failed_at);
  }
}

/** What events add to each minute they touch, in the order of the minutes. */
export function project(events: CountedEvent[]): Minute[] {
  const minutes = new Map<string, Minute>();
  for (const event of events) {
    const minute = minuteOfEvent(event);
    const totals = minutes.get(minute) ?? { minute, ...emptyTotals() };
    minutes.set(minute, totals);
    count(totals, event);
  }
  return [...minutes.values()].sort((a, b) => (a.minute < b.minute ? -1 : 1));
}

/** The error code that a reason begins with; `other` where it begins with none, so that classes stay few. */
export function reasonClass(reason: string): string {
  const code = /^[a-z]+\.[a-z_]+/.exec(reason)?.[0];
  return isErrorCode(code) ? code : "other";
}

/** Totals as the API shows them. */
export function toJson(totals: Totals) {
  return {
    orders: { total: sum(totals.created), byPattern: totals.created },
    confirmed: {
      total: sum(totals.confirmed),
      byPattern: totals.confirmed,
      durationMs: percentiles(totals.confirmedDurations),
    },
    failed: {
      total: sum(totals.failed),
      byReason: totals.failed,
      durationMs: percentiles(totals.failedDurations),
    },
    revenue: Object.entries(totals.revenue).map(([currency, amountCents]) => ({ currency, amountCents })),
  };
}

function count(totals: Totals, event: CountedEvent): void {
  switch (event.name) {
    case "order.created":
      add(totals.created, event.data.pattern, 1);
      return;
    case "saga.completed":
      add(totals.confirmed, event.data.pattern, 1);
      add(totals.revenue, event.data.currency, event.data.amount);
      add(totals.confirmedDurations, String(bucketOf(event.data.duration_ms)), 1);
      return;
    case "saga.failed":
      add(totals.failed, reasonClass(event.data.reason), 1);
      add(totals.failedDurations, String(bucketOf(event.data.duration_ms)), 1);
  }
}

function add(counts: Counts, name: string, amount: number): void {
  counts[name] = (counts[name] ?? 0) + amount;
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, amount) => total + amount, 0);
}
