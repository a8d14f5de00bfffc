import { type Summary } from "./percentiles";

/** What became of one order, as its customer knows it. Times are ms from the intended send time. */
export type Outcome = {
  /** The Idempotency-Key. */
  key: string;
  /** When it was meant to be sent, in ms from the start of the load. */
  at: number;
  /** How much later it was sent. */
  lagMs: number;
  /** The payment token that it was sent with. */
  token?: string;
  /** When POST /api/orders was answered, or given up. */
  answerMs?: number;
  /** 0 where no answer came. */
  status?: number;
  orderId?: string;
  /** The refusal's code, or why no answer came. */
  code?: string;
  /**
   * `confirmed` and `failed`: the order's end. `open`: accepted, and not known to have ended. `refused`: a 4xx.
   * `error`: a 5xx or no answer, which does not say what became of the order.
   */
  told: "open" | "confirmed" | "failed" | "refused" | "error";
  /**
   * When the order was confirmed or failed: of an order that was accepted, by its own clock; of one whose answer told,
   * with that answer, as its customer knew of it no sooner.
   */
  endMs?: number;
};

/** When what became of an order was settled for its customer; undefined where that is not known. */
export function endOf({ told, status, endMs, answerMs }: Outcome): number | undefined {
  if (told === "open" || status === 0) return undefined;
  // What was refused, or failed with an error, was over with the answer.
  return endMs ?? answerMs;
}

/** A generator that is this late in one of a hundred sends competes with what it measures. */
export const maxLagMs = 50;

/** Whether the generator, not the system, was the bottleneck: it sent late, or not at all. */
export function hasLagged(result: { lagMs: Summary | undefined; notSent: number }): boolean {
  return result.notSent > 0 || (result.lagMs?.p99 ?? 0) > maxLagMs;
}
