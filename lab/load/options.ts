import type { Pattern } from "../../lib/events";
import { type NewOrder } from "./client";
import { type Outcome } from "./outcome";
import { type Summary } from "./percentiles";

/** What a load is to be. */
export type LoadOptions = {
  /** The gateway. */
  url: string;
  /** Where the demo users register, past the gateway's limit on logins. */
  usersUrl: string;
  /** Orders per second. */
  rate: number;
  durationMs: number;
  seed: number;
  kind?: "poisson" | "uniform";
  /** What is ordered, by weight. */
  mix: readonly { value: NewOrder; weight: number }[];
  patterns: readonly (Pattern | undefined)[];
  /** How long to wait for the last orders to end. @default 60000 */
  drainMs?: number;
  /** Demo users, where the gateway's limits are not the usual ones. */
  users?: number;
  /** Tokens of customers that are logged in already. */
  tokens?: readonly string[];
  signal?: AbortSignal;
  /** Ends the sending early; what was sent is still followed to its end. */
  until?: AbortSignal;
  onPrepare?: (users: number) => void;
  /** Called when the users are there and the first order is about to be sent. */
  onReady?: () => void;
  /** Called once per second. */
  onTick?: (tick: LoadTick) => void;
  /** Each duration as it is measured, in ms, for who needs more of them than a summary. */
  onMeasured?: (what: "accepted" | "completed", ms: number) => void;
  /** Called for each order that is sent; what is learnt of it later is written into the same object. */
  onSend?: (outcome: Outcome) => void;
  /** The intended send times, in ms from the start, in the place of those that rate, duration and seed give. */
  schedule?: Iterable<number>;
};

export type LoadTick = {
  elapsedMs: number;
  sent: number;
  confirmed: number;
  failed: number;
  open: number;
  errors: number;
  /** Of the last seconds: orders sent per second, and ms from the intended send time to the answer. */
  rate: number;
  p50: number;
  p99: number;
};

export type LoadResult = {
  seed: number;
  rate: number;
  durationMs: number;
  users: number;
  sent: number;
  accepted: number;
  confirmed: number;
  failed: number;
  /** Accepted, and neither confirmed nor failed when the drain ended. */
  unfinished: number;
  /** Never sent, because 5000 were waiting for an answer. */
  notSent: number;
  /** How often users looked at their orders. */
  polls: number;
  /** How much later than intended orders were sent, in ms: the generator's own delay. */
  lagMs: Summary | undefined;
  /** Whether the generator was the bottleneck; then the figures are not those of the system. */
  lagged: boolean;
  /** Requests that were refused or got no answer, by code. */
  errors: Record<string, number>;
  /** Orders that failed, by code. */
  failures: Record<string, number>;
  /** From the intended send time to the answer of POST /api/orders, in ms. */
  acceptMs: Summary | undefined;
  /** From the intended send time to the terminal state, in ms, of orders that were confirmed. */
  completeMs: Summary | undefined;
  /** Terminal orders per second, from the first send to the last end. */
  completedPerSecond: number;
};
