import { z } from "zod";

/** What a schema of the environment gives: its keys are the names of the variables. */
export type Config<S extends z.ZodRawShape> = Readonly<{ [K in keyof S]: z.output<S[K]> }>;

/** One wrong or missing variable. `problem` never repeats the value, which may be a secret. */
export type ConfigProblem = { name: string; problem: string };

/** The environment does not fit the schema. Carries every problem, so that one start shows all of them. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: ConfigProblem[];

  constructor(problems: ConfigProblem[]) {
    const list = problems.map(({ name, problem }) => `${name} ${problem}`).join("; ");
    super(`the environment is not valid: ${list}`);
    this.problems = problems;
  }
}

const MAX_PORT = 65_535;

function wholeNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^-?\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
}

/** Schemas from strings of the environment to values; add `.default()`, `.optional()`, `.describe(help)`. */
export const env = {
  /** A port; 0 lets the system choose. */
  port: () => wholeNumber(0, MAX_PORT),
  /** Where to listen: a port, or the absolute path of a Unix domain socket. */
  portOrSocket: () =>
    z
      .string()
      .regex(/^(\/.+|\d{1,5})$/, "must be a port or the absolute path of a socket")
      .transform((text) => (text.startsWith("/") ? text : Number(text)))
      .pipe(z.union([z.string(), z.number().max(MAX_PORT)], `must be at most ${MAX_PORT}`)),
  integer: ({ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) =>
    wholeNumber(min, max),
  /** Milliseconds. */
  durationMs: () => wholeNumber(0, Number.MAX_SAFE_INTEGER),
  /** An absolute URL of any scheme. */
  url: () => z.string().refine((text) => URL.canParse(text), "must be an absolute URL"),
  text: () => z.string().min(1),
  /** `true` or `false`. */
  flag: () => z.enum(["true", "false"]).transform((text) => text === "true"),
  /** Values with commas between them; blanks around them do not count. */
  list: () =>
    z.string().transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== ""),
    ),
};

/** What every service reads. */
export const commonEnv = {
  HOST: env.text().default("127.0.0.1").describe("address to listen on"),
  PORT: env.portOrSocket().describe("port of the HTTP server, 0 for a free one; or the path of a socket"),
  DATABASE_URL: env.url().describe("the service's own Postgres database"),
  NATS_URL: env.url().describe("NATS with JetStream"),
  LOG_LEVEL: z
    .enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"])
    .default("info")
    .describe("least level that is logged"),
  DRAIN_DELAY_MS: env
    .durationMs()
    .default(0)
    .describe("ms between failing readiness and closing the servers"),
  DB_POOL_SIZE: env.integer({ min: 1, max: 200 }).default(10).describe("connections to the database"),
  SYNCHRONOUS_CHAIN: env
    .flag()
    .default(false)
    .describe("true: no events at all, order calls every service itself (the chaos arm of the benches)"),
  STARTUP_DEADLINE_MS: env.durationMs().default(30_000).describe("ms to wait for the database at start"),
} as const;

function describeIssue(issue: z.core.$ZodIssue, value: string | undefined, help: string | undefined): string {
  if (value !== undefined) return issue.message;
  return help === undefined ? "is missing" : `is missing (${help})`;
}

/**
 * Reads the variables of `shape` from `environment`; an empty string counts as missing.
 * Throws a ConfigError with all problems.
 */
export function loadConfig<S extends z.ZodRawShape>(
  shape: S,
  environment: Record<string, string | undefined>,
): Config<S> {
  const given: Record<string, string | undefined> = {};
  for (const name of Object.keys(shape))
    given[name] = environment[name] === "" ? undefined : environment[name];
  const result = z.object(shape).safeParse(given);
  if (result.success) return Object.freeze(result.data) as Config<S>;

  const problems = new Map<string, string>();
  for (const issue of result.error.issues) {
    const name = String(issue.path[0]);
    if (problems.has(name)) continue;
    const help = z.globalRegistry.get(shape[name] as z.ZodType)?.description;
    problems.set(name, describeIssue(issue, given[name], help));
  }
  throw new ConfigError([...problems].map(([name, problem]) => ({ name, problem })));
}
