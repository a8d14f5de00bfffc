import { z } from "zod";

import { patterns, serviceNames } from "../../lib/events";
import { duration, percent, signedDuration } from "./values";

const service = z.enum(serviceNames).describe("a service");
const victim = z
  .enum([...serviceNames, "broker", "database"])
  .describe("a service, the broker (NATS) or the database (Postgres)");
const replica = z.int().min(1).max(9).optional().describe("only the one with this number, counted from 1");
const lasting = duration
  .optional()
  .describe(
    "healed after so long; without it at the end of the method. The method goes on then, or at once with background: true",
  );
const variables = z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string());

/** What an action is told, by the name of its function; the description is what it does. */
export const actionArguments = {
  fault: z
    .strictObject({ name: z.string().min(1).describe("a fault of mesh/faults, without .yaml"), for: lasting })
    .describe("puts a file of mesh/faults in force"),
  abort: z
    .strictObject({
      service,
      status: z.int().min(400).max(599).default(503),
      percent: percent.min(0.1).default(100),
      for: lasting,
    })
    .describe("calls to a service are answered with a status, at its own sidecar"),
  delay: z
    .strictObject({ service, by: duration, percent: percent.min(0.1).default(100), for: lasting })
    .describe("calls to a service take longer, at its own sidecar"),
  "slow-link": z
    .strictObject({ from: service, to: service, by: duration, for: lasting })
    .describe("calls of one service to another take longer; those of others do not"),
  partition: z
    .strictObject({ from: service, to: service, for: lasting })
    .describe("connections from one service to another are cut, at the callee's sidecar"),
  kill: z
    .strictObject({ workload: victim, replica })
    .describe("kill -9; whoever watches over it starts it again"),
  stop: z
    .strictObject({ workload: victim, replica, for: lasting })
    .describe("kill -9, and it stays down: on a cluster the service is scaled to none"),
  pause: z
    .strictObject({ workload: victim, replica, for: lasting })
    .describe("SIGSTOP: it keeps its connections and answers nobody"),
  restart: z
    .strictObject({
      workload: victim,
      drain: z
        .boolean()
        .default(true)
        .describe("each replica gets no calls any more and ends what it has begun; false kills it"),
    })
    .describe("every replica of a service anew, one after the other; or the broker or the database"),
  scale: z
    .strictObject({ service, replicas: z.int().min(1).max(5), for: lasting })
    .describe("so many replicas of a service"),
  configure: z
    .strictObject({ service, set: variables.describe("environment variables of the service"), for: lasting })
    .describe("other settings for a service, for which its replicas are started anew"),
  "skew-clock": z
    .strictObject({ service, by: signedDuration, for: lasting })
    .describe(
      "the time that JavaScript tells in a service's processes is off; its timers and the database's clock are not",
    ),
  "expire-certificate": z
    .strictObject({
      service,
      after: duration.describe("how long the certificate lasts"),
      renew: z.boolean().default(true).describe("whether the mesh renews it in time, as it does"),
      for: lasting,
    })
    .describe("a service gets a certificate that ends soon, and once it has, only new connections"),
  "slow-disk": z
    .strictObject({
      by: duration.refine((ms) => ms >= 1 && ms <= 100, "give 1ms to 100ms, the most that Postgres takes"),
      for: lasting,
    })
    .describe(
      "every commit waits before it is flushed: Postgres' own commit_delay, so it is not the disk itself",
    ),
  "lose-broker-data": z
    .strictObject({})
    .describe("the broker is killed, its folder removed, and it starts anew without streams and messages"),
  replay: z
    .strictObject({})
    .describe(
      "publishes again everything that the outboxes still hold, as ./symphony replay does: a broker that lost its data lost what came before the load too",
    ),
  "lose-unsent-events": z
    .strictObject({})
    .describe(
      "what the outboxes hold and have not sent is removed: what a service without an outbox loses while the broker is away",
    ),
  poison: z
    .strictObject({
      event: z.enum(["order.created", "order.saga-started", "payment.processed"]).default("order.created"),
      count: z.int().min(1).max(100).default(1),
    })
    .describe("publishes events whose body no consumer can read"),
  "no-dead-letters": z
    .strictObject({ for: lasting })
    .describe(
      "the stream of dead letters takes none: it is sealed off, so what cannot be handled has no place to go",
    ),
  flood: z
    .strictObject({
      rate: z.number().positive().max(1000).describe("requests per second"),
      for: duration,
      customers: z.int().min(1).max(200).default(1),
    })
    .describe("orders of a few customers beside the load, who do not care about their limits"),
} as const;

export type ActionFunction = keyof typeof actionArguments;

/** What a probe is told, by the name of its function; the description is what it gives. */
export const probeArguments = {
  ready: z.strictObject({}).describe("true where every process, or every pod, is ready"),
  "active-faults": z.strictObject({}).describe("how many faults of mesh/faults are in force"),
  order: z
    .strictObject({ pattern: z.enum(patterns).default("saga"), within: duration.default(10_000) })
    .describe("places an order; its status after at most `within`: confirmed, failed, refused or open"),
  violations: z.strictObject({}).describe("how many invariants are violated, once the system is at rest"),
  "dead-letters": z.strictObject({}).describe("how many events were given up and wait to be replayed"),
  replicas: z.strictObject({ service }).describe("how many replicas of a service are ready"),
} as const;

function provider<F extends string, A extends z.ZodType>(func: F, args: A) {
  const type = z.literal("symphony").default("symphony");
  const text = args.description ?? "";
  // An empty map of arguments may be left out.
  const given = args.safeParse({}).success ? args.prefault({} as z.input<A>) : args;
  return z.strictObject({ type, func: z.literal(func), arguments: given }).describe(text);
}

type Providers<T extends Record<string, z.ZodType>> = {
  [F in keyof T & string]: ReturnType<typeof provider<F, T[F]>>;
}[keyof T & string];

function providers<T extends Record<string, z.ZodType>>(table: T) {
  const all = Object.entries(table).map(([func, args]) => provider(func, args));
  return z.discriminatedUnion("func", all as unknown as [Providers<T>, ...Providers<T>[]]);
}

const pauses = z
  .strictObject({ before: duration.default(0), after: duration.default(0) })
  .prefault({})
  .describe("how long to wait before and after");
const name = z.string().min(1).max(100);

/** One thing to do. */
export const action = z
  .strictObject({
    type: z.literal("action"),
    name,
    provider: providers(actionArguments),
    pauses,
    background: z.boolean().default(false).describe("the method goes on at once, while it lasts"),
    confirm: z
      .strictObject({
        "at-least-hits": z.int().min(1).default(1).describe("of what was counted"),
        "at-least-percent": percent
          .optional()
          .describe(
            "of what it could have hit; without it half of what is configured, or what chance makes of that where few calls come",
          ),
      })
      .prefault({})
      .describe("when its effect counts as seen"),
  })
  .meta({ id: "Action" });
export type Action = z.output<typeof action>;

const scalar = z.union([z.boolean(), z.number(), z.string()]);

/** One thing to look at, and what it must be. */
export const probe = z
  .strictObject({
    type: z.literal("probe"),
    name,
    tolerance: z
      .union([scalar, z.tuple([z.number(), z.number()])], {
        error: "give what it must be: true, a number, a word, or two numbers that it must lie between",
      })
      .describe("what it must give: a value, or two numbers that it must lie between"),
    provider: providers(probeArguments),
    pauses,
  })
  .meta({ id: "Probe" });
export type Probe = z.output<typeof probe>;

/** A step of a method. */
export const activity = z.discriminatedUnion("type", [
  action,
  probe.partial({ tolerance: true }).meta({ id: "MethodProbe" }),
]);
export type Activity = z.output<typeof activity>;
