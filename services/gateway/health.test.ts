import { overallState, readState } from "./health";

test.each([
  ["ready", 200, { status: "ready", checks: { database: "up", broker: "up" } }, "ok"],
  [
    "ready without its broker",
    200,
    { status: "ready", checks: { database: "up", broker: "down" } },
    "degraded",
  ],
  ["unready", 503, { status: "unready", checks: { database: "down" } }, "down"],
  ["ready without checks", 200, {}, "ok"],
  ["an answer of another form", 200, "hello", "ok"],
] as const)("readState: %s", (_name, status, body, expected) => {
  expect(readState(status, body)).toBe(expected);
});

test.each([
  ["all well", "ok", ["ok", "ok"], "ok"],
  ["a service down", "ok", ["ok", "down"], "degraded"],
  ["a service degraded", "ok", ["degraded", "ok"], "degraded"],
  ["the gateway degraded", "degraded", ["ok"], "degraded"],
  ["the gateway down", "down", ["ok"], "down"],
] as const)("overallState: %s", (_name, gateway, services, expected) => {
  expect(overallState(gateway, [...services])).toBe(expected);
});
