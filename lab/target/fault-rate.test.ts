import { countFaults, type FaultCounts, observedRate } from "./fault-rate";
import { type FaultEffect } from "./faults";

const counts = (some: Partial<FaultCounts>): FaultCounts => ({
  calls: 0,
  aborts: 0,
  delays: 0,
  slowed: 0,
  connections: 0,
  refused: 0,
  ...some,
});
const fault = (kind: FaultEffect["kind"]) => ({
  effect: { kind, percent: 100, detail: "", only: undefined },
});

test("counts the service's own ports, and nothing that its sidecar sends out", () => {
  expect(
    countFaults({
      "http.inbound_0.0.0.0_8080;.downstream_rq_total": 10,
      "http.inbound_0.0.0.0_9090;.downstream_rq_total": 5,
      "http.inbound_0.0.0.0_8080;.downstream_rq_2xx": 10,
      "http.inbound_0.0.0.0_8080;.fault.aborts_injected": 3,
      "http.inbound_0.0.0.0_8080;.fault.delays_injected": 2,
      "http.inbound_0.0.0.0_8080;.fault.response_rl_injected": 1,
      "http.inbound_0.0.0.0_8080;.rbac.denied": 7,
      "http.outbound_0.0.0.0_8080;.fault.aborts_injected": 9,
      "fault_shipping_reset.rbac.denied": 4,
      "fault_shipping_reset.rbac.allowed": 1,
    }),
  ).toEqual(counts({ calls: 15, aborts: 3, delays: 2, slowed: 1, connections: 5, refused: 4 }));
});

test.each([
  ["abort", { aborts: 2 }, { aborts: 22 }, 20],
  ["delay", { delays: 0 }, { delays: 50 }, 50],
  ["slow", { slowed: 1 }, { slowed: 101 }, 100],
] as const)("the rate of a fault that is an %s", (kind, before, after, percent) => {
  const rate = observedRate(
    fault(kind),
    { a: counts({ calls: 10, ...before }) },
    { a: counts({ calls: 110, ...after }) },
  );
  expect(rate).toEqual({ calls: 100, hit: percent, percent });
});

test("a reset is counted in connections", () => {
  const after = { a: counts({ calls: 3, connections: 8, refused: 8 }) };
  expect(observedRate(fault("reset"), { a: counts({ calls: 3 }) }, after)).toEqual({
    calls: 8,
    hit: 8,
    percent: 100,
  });
});

test.each([
  ["new", {}],
  ["restarted", { a: counts({ calls: 500, aborts: 100 }) }],
])("a %s replica counts from zero", (_case, before) => {
  expect(observedRate(fault("abort"), before, { a: counts({ calls: 4, aborts: 1 }) })).toEqual({
    calls: 4,
    hit: 1,
    percent: 25,
  });
});

test("a replica that is gone is left out, and without calls there is no rate", () => {
  const before = { gone: counts({ calls: 100, aborts: 100 }), a: counts({ calls: 5 }) };
  expect(observedRate(fault("abort"), before, { a: counts({ calls: 5 }) })).toEqual({
    calls: 0,
    hit: 0,
    percent: undefined,
  });
});
