import { endOf, type Outcome as LoadOutcome } from "../load/outcome";
import { summariseLatency } from "../stats/latency";
import { expectedEnds, type Measure } from "./schema";

/** What was measured; undefined where there was nothing to measure. Percent, ms or counts, as the schema says. */
export type Measures = Partial<Record<Measure, number>>;

/** Whether a request came to the end that its payment token asks for. */
export function isGood({ token, told, code }: LoadOutcome): boolean {
  const expected = expectedEnds[token as keyof typeof expectedEnds] ?? "confirmed";
  if (expected === "confirmed") return told === "confirmed";
  // Of a synchronous pattern the refusal is the answer itself.
  return (told === "failed" || told === "refused") && code === expected;
}

/** Whether an order was made of it, whatever became of that. */
const isAccepted = ({ orderId, told }: LoadOutcome): boolean =>
  orderId !== undefined || told === "confirmed" || told === "failed";

/** Whether it is not known yet what becomes of it. */
export const isOnItsWay = ({ told }: Pick<LoadOutcome, "told">): boolean => told === "open";

const share = (part: number, whole: number): number | undefined =>
  whole === 0 ? undefined : Math.round((100_000 * part) / whole) / 1000;

const tenths = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(10 * value) / 10;

/** Ms, of an HDR histogram: off by less than 0.1 %. Undefined where there is nothing to measure. */
function percentilesOf(values: readonly number[]): { p50: number | undefined; p99: number | undefined } {
  const found = summariseLatency(values);
  return { p50: tenths(found?.p50), p99: tenths(found?.p99) };
}

/** What a run's requests by themselves tell. */
export function measureRequests(records: readonly LoadOutcome[]): Measures {
  const accepted = records.filter(isAccepted);
  const ended = accepted.filter((request) => !isOnItsWay(request));
  // A request that got no answer counts with the time until that was certain.
  const answered = records.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs]));
  const confirmed = records.flatMap((request) => {
    const endMs = endOf(request);
    return request.told === "confirmed" && endMs !== undefined ? [endMs] : [];
  });
  const toAnswer = percentilesOf(answered);
  const toConfirmed = percentilesOf(confirmed);
  return defined({
    success: share(records.filter(isGood).length, records.length),
    completed: share(ended.length, accepted.length),
    "accepted-p50": toAnswer.p50,
    "accepted-p99": toAnswer.p99,
    "confirmed-p50": toConfirmed.p50,
    "confirmed-p99": toConfirmed.p99,
  });
}

/** Without the entries that are undefined. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

const windowMs = 2000;
const stepMs = 250;
const recoveredShare = 0.95;

export type RecoveryQuestion = {
  records: readonly LoadOutcome[];
  control: readonly LoadOutcome[];
  /** When the last thing was healed, and when the load ended, in ms from its start. */
  healedAtMs: number;
  endMs: number;
  goodWithinMs: number;
};

/**
 * Ms from the healing until every later window of 2 s has 95 % of the good requests that the same window of the control
 * run has: both were sent the same. Infinity where that is not so before the load ends; undefined where the load
 * ended too early to tell.
 */
export function recoveryOf(question: RecoveryQuestion): number | undefined {
  const { records, control, healedAtMs, endMs, goodWithinMs } = question;
  const good = (list: readonly LoadOutcome[], from: number): number =>
    list.filter(
      (request) =>
        request.at >= from &&
        request.at < from + windowMs &&
        isGood(request) &&
        (endOf(request) ?? Number.POSITIVE_INFINITY) <= goodWithinMs,
    ).length;
  const lastWindow = endMs - windowMs;
  if (lastWindow < healedAtMs) return undefined;
  let recoveredAt = Number.POSITIVE_INFINITY;
  for (let from = lastWindow; from >= healedAtMs; from -= stepMs) {
    if (good(records, from) < recoveredShare * good(control, from)) break;
    recoveredAt = from;
  }
  return recoveredAt === Number.POSITIVE_INFINITY ? recoveredAt : Math.max(recoveredAt - healedAtMs, 0);
}

/** One second of a run, for the plots. */
export type Second = {
  second: number;
  sent: number;
  good: number;
  /** Answered within that second. */
  p50: number | undefined;
  p99: number | undefined;
  /** Refused or failed otherwise than expected. */
  bad: number;
};

/** A run second by second, by the intended send times. */
export function secondsOf(records: readonly LoadOutcome[], endMs: number): Second[] {
  return Array.from({ length: Math.ceil(endMs / 1000) }, (_, second) => {
    const sent = records.filter(({ at }) => Math.floor(at / 1000) === second);
    const answered = sent.flatMap(({ answerMs }) => (answerMs === undefined ? [] : [answerMs]));
    const good = sent.filter(isGood).length;
    return {
      second,
      sent: sent.length,
      good,
      bad: sent.length - good,
      ...percentilesOf(answered),
    };
  });
}
