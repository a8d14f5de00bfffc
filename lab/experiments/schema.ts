import { z } from "zod";

import { patterns, serviceNames } from "../../lib/events";
import { action, activity, probe } from "./activities";
import { duration, percent } from "./values";

const count = z.int().nonnegative();

const limits = <T extends z.ZodType>(value: T) => ({
  "at-least": value.optional(),
  "at-most": value.optional(),
  "at-most-times-control": z
    .number()
    .positive()
    .optional()
    .describe("times what the control run measured: the same load without the method"),
});
const bounds = <T extends z.ZodType>(value: T) => z.strictObject(limits(value));

/** What may be expected of a run; the descriptions say what is measured. */
export const hypothesisShape = {
  success: bounds(percent).describe(
    "percent of the requests that came to the end which their payment token asks for",
  ),
  completed: bounds(percent).describe("percent of the accepted orders that came to an end"),
  "accepted-p50": bounds(duration).describe("from the intended send time to the answer, the median"),
  "accepted-p99": bounds(duration).describe("from the intended send time to the answer, the 99th percentile"),
  "confirmed-p50": bounds(duration).describe(
    "from the intended send time to the confirmed order, the median",
  ),
  "confirmed-p99": bounds(duration).describe(
    "from the intended send time to the confirmed order, the 99th percentile",
  ),
  amplification: z
    .strictObject({ ...limits(z.number().positive()), of: z.enum(serviceNames) })
    .describe("calls that the callers' sidecars sent to a service, for each that they were asked to send"),
  recovery: z
    .strictObject({
      ...limits(duration),
      "good-within": duration
        .default(2000)
        .describe("a request is good that came to its expected end in this time"),
    })
    .describe(
      "from the end of the method until good requests are back at 95 % of the control's for the rest of the run",
    ),
  violations: bounds(count).describe(
    "violated invariants of money, stock, shipments, mails and events, at rest after the run",
  ),
  "dead-letters": bounds(count).describe("events that consumers gave up during the run"),
  "flood-refused": bounds(percent).describe("percent of a flood's requests that were answered 429"),
} as const;
export type Measure = keyof typeof hypothesisShape;
export const measureNames = Object.keys(hypothesisShape) as Measure[];

/** Which end each payment token asks for; a code is that of a failed order. */
export const expectedEnds = {
  tok_ok: "confirmed",
  tok_slow: "confirmed",
  tok_answer_lost: "confirmed",
  tok_declined: "payment.declined",
  tok_insufficient_funds: "payment.insufficient_funds",
} as const;
const tokens = Object.keys(expectedEnds) as (keyof typeof expectedEnds)[];

const load = z.strictObject({
  profile: z
    .array(
      z.strictObject({
        rate: z.number().positive().max(500).describe("orders per second"),
        for: duration,
      }),
    )
    .min(1)
    .max(20)
    .describe(
      "how many orders per second are sent for how long, one phase after the other, whether or not earlier ones were answered",
    ),
  arrivals: z.enum(["poisson", "uniform"]).default("poisson"),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe("the same seed sends the same orders at the same times"),
  patterns: z.array(z.enum(patterns)).min(1).default(["saga"]).describe("drawn for each order"),
  mix: z
    .array(z.strictObject({ token: z.enum(tokens), weight: z.number().positive() }))
    .min(1)
    .default([{ token: "tok_ok", weight: 1 }])
    .describe("payment tokens by weight; each asks for an end"),
});
export type LoadPlan = z.output<typeof load>;

const stopCondition = z
  .strictObject({
    measure: z
      .enum(["success", "accepted-p99", "open"])
      .describe("percent of good answers, ms, and accepted orders that have not ended"),
    below: z.number().optional(),
    above: z.number().optional(),
    for: duration.default(5000).describe("all of this time"),
  })
  .describe("ends the run early, heals everything, and makes the outcome `stopped`");

const title = z.string().min(1).max(200);

/** One file of lab/experiments: Chaos Toolkit's shape, and what Symphony adds to it. */
export const experimentSchema = z.strictObject({
  version: z.literal("1.0.0").optional().describe("of Chaos Toolkit's format"),
  title,
  description: z.string().min(1),
  tags: z.array(z.string()).default([]),
  contributions: z
    .record(z.string(), z.enum(["high", "medium", "low", "none"]))
    .optional()
    .describe("what a success says about reliability, security, scalability and so on"),
  load,
  setup: z.array(action).default([]).describe("done before the control run, healed at the very end"),
  "steady-state-hypothesis": z
    .strictObject({ title, probes: z.array(probe).min(1) })
    .describe("must hold before anything is broken, and again after everything is healed"),
  method: z.array(activity).min(1).describe("what is done under load, in this order"),
  hypothesis: z
    .strictObject(hypothesisShape)
    .partial()
    .describe("what must hold although the method is carried out"),
  "stop-conditions": z.array(stopCondition).default([]),
  rollbacks: z
    .array(action)
    .default([])
    .describe("always run at the end; what actions broke is healed without them"),
  protection: z
    .strictObject({
      what: z.string().min(1).describe("what makes the hypothesis hold"),
      without: z
        .strictObject({
          rules: z
            .array(z.string().regex(/^(mesh|lab\/experiments)\/.+\.yaml$/))
            .default([])
            .describe("files in force in the place of mesh/base"),
          setup: z.array(action).default([]).describe("done besides the experiment's own"),
          patterns: z.array(z.enum(patterns)).min(1).optional().describe("in the place of the load's"),
          method: z.array(activity).min(1).optional().describe("in the place of the experiment's"),
        })
        .describe("how it is taken away"),
      turns: z
        .array(z.enum(measureNames as [Measure, ...Measure[]]))
        .min(1)
        .describe("what then no longer holds; at least one of them"),
    })
    .optional()
    .describe("proves that the experiment can fail: ./symphony experiment run --without-protection"),
});
export type Experiment = z.output<typeof experimentSchema>;
export type Hypothesis = Experiment["hypothesis"];

/** The published JSON Schema, made from the one definition above. */
export function experimentJsonSchema(): object {
  return {
    $id: "https://symphony.example/experiment.schema.json",
    title: "A Symphony experiment",
    ...z.toJSONSchema(experimentSchema, { io: "input", reused: "inline" }),
  };
}
