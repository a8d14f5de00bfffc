/** How long a window of PromQL is. */
export type Window = "5m" | "30m" | "1h" | "2h" | "6h" | "1d" | "3d";

export type Objective = {
  /** Part of the names of its series and alerts. */
  name: "availability" | "latency";
  /** The share of requests that must be good, over thirty days. */
  target: number;
  /** The share of bad requests within a window, as PromQL; nothing where there was no request. */
  badRatio(window: Window): string;
};

/** An answer to a new order that takes longer, in seconds, counts as slow; a bound of the histogram's buckets. */
export const slowSeconds = 1;

const requests = `gateway_requests_total{service="order"`;
const placed = `service="order",method="POST"`;

/**
 * What customers are promised about orders, measured where they come in: no request about an order fails for a reason
 * that is ours (99.9 %), and a new order is answered within a second (99 %).
 */
export const objectives: readonly Objective[] = [
  {
    name: "availability",
    target: 0.999,
    badRatio: (window) =>
      `(sum(rate(${requests},status=~"5.."}[${window}])) or vector(0)) / sum(rate(${requests}}[${window}]))`,
  },
  {
    name: "latency",
    target: 0.99,
    badRatio: (window) =>
      `1 - sum(rate(gateway_request_duration_seconds_bucket{${placed},le="${slowSeconds.toFixed(1)}"}[${window}])) / ` +
      `sum(rate(gateway_request_duration_seconds_count{${placed}}[${window}]))`,
  },
];

/** The recorded series of an objective's share of bad requests. */
export const ratioName = ({ name }: Objective, window: Window): string =>
  `orders:${name}:bad_ratio_rate${window}`;

/**
 * A burn rate of 1 uses up the thirty days' budget of bad requests in thirty days. The long window says that it
 * matters, the short one that it still goes on. From the SRE Workbook, chapter 5.
 */
export type Burn = { rate: number; long: Window; short: Window };

/** 2 % of the budget within an hour, or 5 % within six: somebody has to look now. */
export const fastBurns: readonly Burn[] = [
  { rate: 14.4, long: "1h", short: "5m" },
  { rate: 6, long: "6h", short: "30m" },
];
/** 10 % within a day or three: somebody has to look this week. */
export const slowBurns: readonly Burn[] = [
  { rate: 3, long: "1d", short: "2h" },
  { rate: 1, long: "3d", short: "6h" },
];

/** The windows of all burn rates, each once. */
export const windows: readonly Window[] = [
  ...new Set([...fastBurns, ...slowBurns].flatMap(({ long, short }) => [short, long])),
];
