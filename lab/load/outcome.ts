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
  /** When the order ended, by its own clock. */
  endMs?: number;
};

/** A generator that is this late in one of a hundred sends competes with what it measures. */
export const maxLagMs = 50;

/** Whether the generator, not the system, was the bottleneck: it sent late, or not at all. */
export function hasLagged(result: { lagMs: Summary | undefined; notSent: number }): boolean {
  return result.notSent > 0 || (result.lagMs?.p99 ?? 0) > maxLagMs;
}
