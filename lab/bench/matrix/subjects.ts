import { patterns } from "../../../lib/events";

/** What is compared: the four patterns of an order, and the gateway's composed view of one. */
export const subjects = [...patterns, "gateway"] as const;
export type Subject = (typeof subjects)[number];

export const families = {
  flaky: "one call in fifty to payment fails with 503",
  slow: "half of the calls to payment take 2 s longer",
  hanging: "payment hangs for 4 s",
  dead: "payment is killed",
  brokerless: "the broker is killed",
} as const;
export type Family = keyof typeof families;
export const familyNames = Object.keys(families) as Family[];

export type Measured = {
  /** Orders whose money, stock or shipment contradict their state, over all families. */
  violations: number;
  /** Failed orders that keep money or stock, because nobody undoes. */
  leftovers: number;
  /** From the answer to when the final state can be read, p50, ms. */
  stalenessMs: number;
  /** Ms, without load. */
  answerMs: number;
  completeMs: number;
  /** With as much load as it takes; 0 for views, which take no orders. */
  perSecond: number;
  /** Of the whole system. */
  cpuMs: number;
  services: number;
  /** Calls between services for one order or view. */
  calls: number;
  /** Events published for one order. */
  messages: number;
  lines: number;
  /** Share of good ends by family: confirmed orders, whole views. */
  success: Record<Family, { good: number; of: number }>;
};
export type Measurements = Record<Subject, Measured>;

export const dimensions = ["consistency", "performance", "complexity", "fault tolerance"] as const;
export type Dimension = (typeof dimensions)[number];

/** The article's decision matrix. */
export const opinions: Record<Subject, Record<Dimension, string>> = {
  rest: { consistency: "Strong", performance: "Medium", complexity: "Low", "fault tolerance": "Medium" },
  grpc: { consistency: "Strong", performance: "High", complexity: "Medium", "fault tolerance": "Medium" },
  events: { consistency: "Eventual", performance: "High", complexity: "Medium", "fault tolerance": "High" },
  saga: { consistency: "Eventual", performance: "Medium", complexity: "High", "fault tolerance": "High" },
  gateway: { consistency: "Varies", performance: "Medium", complexity: "Low", "fault tolerance": "Medium" },
};
