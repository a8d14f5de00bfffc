import { eventNames, eventsOf } from "../../lib/events";
import { action } from "./activities";
import { radiusOf } from "./radius";

const of = (func: string, args: object = {}) =>
  radiusOf(action.parse({ type: "action", name: "it", provider: { func, arguments: args } }));

test.each([
  [
    "stop",
    { workload: "payment", for: "8s" },
    `payment and the ${String(eventsOf("payment").length)} kinds of events`,
  ],
  ["kill", { workload: "broker" }, "every event"],
  ["pause", { workload: "database", for: "1s" }, "every request"],
  ["slow-disk", { by: "50ms" }, "every request"],
  ["lose-broker-data", {}, "every event"],
  ["lose-unsent-events", {}, "every event that is on its way"],
  ["restart", { workload: "gateway" }, "every request from outside"],
  ["restart", { workload: "broker" }, "every event: sagas wait, and are accepted all the same"],
  [
    "configure",
    { service: "audit", set: {} },
    `the ${String(eventNames.length)} kinds of events that it handles`,
  ],
])("%s with %j hits %s", (func, args, expected) => {
  expect(of(func, args)).toContain(expected);
});

test("an abort breaks calls, and no events", () => {
  expect(of("abort", { service: "payment" })).toBe("calls of gateway and order to payment");
});

test.each([
  ["replay", {}],
  ["flood", { rate: 5, for: "1s" }],
  ["slow-link", { from: "order", to: "payment", by: "1s" }],
])("%s says itself whom it hits", (func, args) => {
  expect(of(func, args)).toBeUndefined();
});
