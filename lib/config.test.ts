import { type z } from "zod";

import { commonEnv, ConfigError, env, loadConfig } from "./config";

function problemsOf(shape: z.ZodRawShape, environment: Record<string, string | undefined>): string[] {
  try {
    loadConfig(shape, environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ name, problem }) => `${name} ${problem}`);
  }
}

describe("loadConfig", () => {
  test("turns strings into values and takes nothing else from the environment", () => {
    const shape = {
      PORT: env.port(),
      PEER_URL: env.url(),
      WAIT_MS: env.durationMs().default(250),
      ORIGINS: env.list(),
      EXTRA: env.text().optional(),
    };
    const config = loadConfig(shape, {
      PORT: "8080",
      PEER_URL: "http://peer",
      ORIGINS: "a, b,",
      HOME: "/root",
    });
    expect(config).toEqual({ PORT: 8080, PEER_URL: "http://peer", WAIT_MS: 250, ORIGINS: ["a", "b"] });
    expect(Object.isFrozen(config)).toBe(true);
  });

  test("reports every problem at once and takes an empty string for missing", () => {
    const environment = { PORT: "eighty", DATABASE_URL: "", LOG_LEVEL: "loud", DRAIN_DELAY_MS: "-1" };
    expect(problemsOf(commonEnv, environment)).toEqual([
      "PORT must be a port or the absolute path of a socket",
      "DATABASE_URL is missing (the service's own Postgres database)",
      "NATS_URL is missing (NATS with JetStream)",
      expect.stringMatching(/^LOG_LEVEL Invalid option/),
      "DRAIN_DELAY_MS must be at least 0",
    ]);
  });

  test.each([
    ["a port above the last", env.port(), "65536", "X must be at most 65535"],
    ["a port with a fraction", env.port(), "80.5", "X must be a whole number"],
    ["a hexadecimal number", env.port(), "0x50", "X must be a whole number"],
    ["a number with a unit", env.durationMs(), "5s", "X must be a whole number"],
    ["an integer below the least", env.integer({ min: 1 }), "0", "X must be at least 1"],
    ["a path for a URL", env.url(), "/peer", "X must be an absolute URL"],
    ["a required variable that is missing", env.text(), undefined, "X is missing"],
  ])("refuses %s", (_name, schema, value, problem) => {
    expect(problemsOf({ X: schema }, { X: value })).toEqual([problem]);
  });

  test("never repeats a value, which may be a secret", () => {
    const secret = "hunter2-hunter2";
    expect(problemsOf({ A: env.url(), B: env.integer() }, { A: secret, B: secret }).join()).not.toContain(
      secret,
    );
  });
});

test.each([
  ["0", 0],
  ["65535", 65_535],
  ["/run/symphony/order", "/run/symphony/order"],
])("a server listens at %s", (text, value) => {
  expect(loadConfig({ PORT: env.portOrSocket() }, { PORT: text })).toEqual({ PORT: value });
});

test.each(["70000", "-1", "order.sock", "80a"])("a server does not listen at %s", (text) => {
  expect(problemsOf({ PORT: env.portOrSocket() }, { PORT: text })).toHaveLength(1);
});
