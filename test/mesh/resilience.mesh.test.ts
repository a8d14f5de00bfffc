import { type Call, type CallResult, type MeshTarget } from "../../lab/target/target";
import { type ServiceName } from "../../lib/events";
import {
  added,
  breakersClosed,
  callOnce,
  closeBreakersSoon,
  ejected,
  faultYaml,
  inbound,
  isUntouched,
  nobody,
  outbound,
  readRules,
  statuses,
  toYaml,
  under,
} from "../support/mesh";
import { openTarget } from "../support/mesh-target";
import { waitFor } from "../support/wait-for";

jest.setTimeout(180_000);

let target: MeshTarget;
beforeAll(async () => {
  target = await openTarget();
});
afterAll(() => target?.close());

const reservation = { orderId: "{{uuid}}", quantity: 1 };
const key = { "idempotency-key": "{{uuid}}" };
const calls = {
  readProduct: { to: "inventory:8080", path: "/inventory/espresso-machine" },
  reserve: { to: "inventory:8080", method: "POST", path: "/reservations", body: reservation },
  charge: { to: "payment:8080", method: "POST", path: "/payments", body: {} },
  ship: { to: "shipping:8080", method: "POST", path: "/shipments", body: {} },
  checkByRpc: {
    to: "inventory:9090",
    rpc: "symphony.inventory.v1.InventoryService/CheckAvailability",
    message: { product_id: "espresso-machine", quantity: 1 },
  },
  logIn: { to: "user:8080", method: "POST", path: "/users/login", body: {} },
  register: { to: "user:8080", method: "POST", path: "/users", body: {} },
  readOrders: { to: "order:8080", path: "/orders" },
  placeOrder: { to: "order:8080", method: "POST", path: "/orders", body: {} },
  placeOrderWithKey: { to: "order:8080", method: "POST", path: "/orders", body: {}, headers: key },
  placeByRest: { to: "order:8080", method: "POST", path: "/orders?pattern=rest", body: {}, headers: key },
  readMails: { to: "notification:8080", path: `/notifications?orderId=${nobody}` },
} satisfies Record<string, Call>;

type CallName = keyof typeof calls;

/**
 * A success, so that failures of an earlier test are not in a row with those of the next. The first call may still
 * meet an earlier rule, over a connection from that time.
 */
async function forgetFailures(caller: ServiceName, call: Call): Promise<void> {
  await waitFor(async () => isUntouched(await callOnce(target, caller, call), call), {
    timeoutMs: 60_000,
    what: `an answer to ${caller} from ${call.to} itself`,
  });
}

describe("timeouts", () => {
  /** So long every callee takes; half of it tells a call that was cut from one that waited, on any machine. */
  const delaySeconds = 60;
  const cutBeforeMs = (delaySeconds / 2) * 1000;
  /** Of mesh/base, in seconds. No more than two failures of a callee, or its breaker would cut the others. */
  const limits: { caller: ServiceName; call: CallName; limit: number }[] = [
    { caller: "gateway", call: "readProduct", limit: 5 },
    { caller: "gateway", call: "readMails", limit: 5 },
    { caller: "gateway", call: "logIn", limit: 5 },
    { caller: "gateway", call: "placeOrder", limit: 10 },
    { caller: "gateway", call: "placeOrderWithKey", limit: 10 },
    { caller: "order", call: "reserve", limit: 5 },
    { caller: "order", call: "charge", limit: 5 },
    { caller: "order", call: "ship", limit: 5 },
  ];
  const answers = new Map<string, CallResult>();
  let rpc: CallResult | undefined;

  beforeAll(async () => {
    await breakersClosed(target);
    for (const { caller, call } of limits) await forgetFailures(caller, calls[call]);
    await forgetFailures("order", calls.checkByRpc);
    await under(target, { yaml: faultYaml("delay", undefined, { delaySeconds }) }, async () => {
      // A call that met a connection from before the rule may have failed more than once; its breaker says nothing of limits.
      const isRefused = ({ error, body }: CallResult) =>
        `${error ?? ""}${body}`.includes("no healthy upstream");
      const once = (caller: string, call: Call) =>
        waitFor(
          async () => {
            const answer = await callOnce(target, caller, { ...call, timeoutMs: cutBeforeMs });
            return isUntouched(answer, call) || isRefused(answer) ? undefined : answer;
          },
          { timeoutMs: 60_000, what: "an answer under the rule" },
        );
      const pending = limits.map(async ({ caller, call }) =>
        answers.set(call, await once(caller, calls[call])),
      );
      pending.push(once("order", calls.checkByRpc).then((result) => ((rpc = result), answers)));
      await Promise.all(pending);
    });
  });

  test.each(limits)("$call by $caller is cut at $limit s", ({ call, limit }) => {
    const answer = answers.get(call);
    expect(answer).toMatchObject({ status: 504 });
    expect(answer?.ms).toBeGreaterThan(limit * 1000 - 100);
    expect(answer?.ms).toBeLessThan(cutBeforeMs);
  });

  test("an RPC is cut at 5 s", () => {
    // The caller's sidecar keeps the limits, of a try and of the whole, and sends what is left along as grpc-timeout, so
    // the callee's keeps them too; whose clock ends first says which it is. 14 UNAVAILABLE is what Envoy makes of its
    // own 504. A try that the callee's ended, after 3 s, is to be followed by another.
    expect([
      { status: 14, error: "upstream request timeout" },
      { status: 4, error: "downstream duration timeout" },
    ]).toContainEqual({ status: rpc?.status, error: rpc?.error });
    expect(rpc?.ms).toBeGreaterThan(4900);
    expect(rpc?.ms).toBeLessThan(cutBeforeMs);
  });
});

describe("retries", () => {
  type Case = {
    caller: ServiceName;
    call: CallName;
    callee: ServiceName;
    port?: number;
    fault: Parameters<typeof faultYaml>[2];
    attempts: number;
  };
  /** Cases of one callee stand apart: while its breaker closes, others are tried. */
  const cases: Case[] = [
    { caller: "order", call: "reserve", callee: "inventory", fault: { abort: 503 }, attempts: 3 },
    { caller: "gateway", call: "readMails", callee: "notification", fault: { abort: 404 }, attempts: 1 },
    // Never sent again: they are not idempotent.
    { caller: "gateway", call: "logIn", callee: "user", fault: { abort: 503 }, attempts: 1 },
    { caller: "gateway", call: "register", callee: "user", fault: { abort: 503 }, attempts: 1 },
    { caller: "gateway", call: "register", callee: "user", fault: { reset: true }, attempts: 1 },
    { caller: "order", call: "charge", callee: "payment", fault: { abort: 500 }, attempts: 1 },
    { caller: "gateway", call: "placeOrder", callee: "order", fault: { abort: 503 }, attempts: 1 },
    { caller: "gateway", call: "placeOrder", callee: "order", fault: { reset: true }, attempts: 1 },
    // Where order makes calls of its own, it is they that are repeated; here only a lost connection is.
    { caller: "gateway", call: "placeByRest", callee: "order", fault: { abort: 503 }, attempts: 1 },
    { caller: "gateway", call: "placeByRest", callee: "order", fault: { reset: true }, attempts: 2 },
    // With a key it is safe; an error that order itself answered with would come again.
    { caller: "gateway", call: "placeOrderWithKey", callee: "order", fault: { abort: 500 }, attempts: 1 },
    // Sent again, which opens the breaker.
    { caller: "order", call: "charge", callee: "payment", fault: { abort: 502 }, attempts: 3 },
    { caller: "order", call: "ship", callee: "shipping", fault: { reset: true }, attempts: 3 },
    { caller: "gateway", call: "placeOrderWithKey", callee: "order", fault: { abort: 503 }, attempts: 3 },
    { caller: "gateway", call: "readProduct", callee: "inventory", fault: { abort: 503 }, attempts: 3 },
    { caller: "gateway", call: "readOrders", callee: "order", fault: { abort: 500 }, attempts: 3 },
    {
      caller: "gateway",
      call: "placeOrderWithKey",
      callee: "order",
      fault: { reset: true },
      attempts: 3,
    },
    {
      caller: "order",
      call: "checkByRpc",
      callee: "inventory",
      port: 9090,
      fault: { abort: 503 },
      attempts: 3,
    },
    // What a try is that the callee's sidecar cuts: 4 DEADLINE_EXCEEDED.
    {
      caller: "order",
      call: "checkByRpc",
      callee: "inventory",
      port: 9090,
      fault: { grpcAbort: 4 },
      attempts: 3,
    },
  ];

  let restoreBreakers: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    restoreBreakers = await closeBreakersSoon(target, [...new Set(cases.map(({ callee }) => callee))]);
  });
  afterAll(() => restoreBreakers?.());

  const expectedStatus = (call: Call, fault: Case["fault"]): number => {
    if ("grpcAbort" in fault) return fault.grpcAbort;
    if ("rpc" in call) return 14;
    return "abort" in fault ? fault.abort : 503;
  };

  test.each(cases)(
    "$call by $caller under $fault: $attempts attempts",
    async ({ caller, call, callee, port = 8080, fault, attempts }) => {
      const counters = {
        attempts: { of: caller, name: outbound(callee, port, "upstream_rq_total") },
        retries: { of: caller, name: outbound(callee, port, "upstream_rq_retry") },
      };
      await breakersClosed(target, [caller], callee);
      await forgetFailures(caller, calls[call]);
      const { result, delta } = await under(target, { yaml: faultYaml("retry", callee, fault) }, () =>
        waitFor(async () => {
          const measured = await added(target, counters, () => callOnce(target, caller, calls[call]));
          return isUntouched(measured.result, calls[call]) ? undefined : measured;
        }),
      );
      expect({ ...delta, status: result.status }).toEqual({
        attempts,
        retries: attempts - 1,
        status: expectedStatus(calls[call], fault),
      });
    },
  );
});

describe("a full outage", () => {
  const rule = { file: "mesh/faults/inventory-abort.yaml" };
  const load = () => target.call("gateway", calls.readProduct, { count: 600, concurrency: 40 });
  // A connection from before the outage may carry some more requests, those that are under way at once.
  const expectOutage = (results: CallResult[]) =>
    expect(statuses(results)[503]).toBeGreaterThanOrEqual(results.length - 40);
  const counters = {
    attempts: { of: "gateway" as const, name: outbound("inventory", 8080, "upstream_rq_total") },
    retries: { of: "gateway" as const, name: outbound("inventory", 8080, "upstream_rq_retry") },
  };

  beforeEach(() => breakersClosed(target, ["gateway"]));

  test("makes no retry storm: attempts per request are at most 1.2", async () => {
    const { result, delta } = await under(target, rule, () => added(target, counters, load));
    expectOutage(result);
    expect(delta.attempts / result.length).toBeLessThanOrEqual(1.2);
  });

  test("the retry budget alone, without the breaker, keeps retries below a fifth of all attempts", async () => {
    const file = "mesh/base/inventory.yaml";
    const withoutBreaker = readRules("DestinationRule", [file]);
    for (const rule of withoutBreaker) rule.deleteIn(["spec", "trafficPolicy", "outlierDetection"]);
    try {
      await target.apply({ yaml: toYaml(withoutBreaker) });
      const { result, delta } = await under(target, rule, () => added(target, counters, load));
      expectOutage(result);
      expect(delta.retries).toBeGreaterThan(0);
      // A share of what is under way, and that includes the retries: 1.25 attempts per request where all take equally long.
      expect(delta.retries / delta.attempts).toBeLessThanOrEqual(0.2);
    } finally {
      await target.apply({ file });
    }
  });

  // After the rule was brought back, so that no earlier ejection makes this one longer. Last, because it ends with
  // answers of the service: connections of a load carry one more request each under the rule of the outage.
  test("the breaker opens after three failures, fails fast, and closes after 10 s", async () => {
    const read = (count: number) => target.call("gateway", calls.readProduct, { count });
    const { startedAt, openAt, result, delta } = await under(target, rule, async () => {
      const startedAt = Date.now();
      await read(5);
      await waitFor(async () => (await ejected(target, "gateway")) === 1, { what: "the ejection" });
      const openAt = Date.now();
      // Before the rule is taken back, which may take longer than the breaker is open.
      const measured = await added(
        target,
        {
          reached: { of: "inventory", name: inbound(8080, "downstream_rq_total") },
          attempts: { of: "gateway", name: outbound("inventory", 8080, "upstream_rq_total") },
        },
        () => read(20),
      );
      return { startedAt, openAt, ...measured };
    });
    // Not what the fault answers: the open breaker asks nobody.
    expect(statuses(result)).toEqual({ 503: 20 });
    expect(result.filter(({ body }) => body.includes("no healthy upstream"))).toHaveLength(20);
    expect(delta).toEqual({ reached: 0, attempts: 0 });

    await waitFor(async () => (await ejected(target, "gateway")) === 0, {
      timeoutMs: 60_000,
      what: "the breaker to close",
    });
    const closedAt = Date.now();
    expect(closedAt - startedAt).toBeGreaterThan(10_000);
    // Istio's own ejections last 30 s: half way between tells which it was.
    expect(closedAt - openAt).toBeLessThan(20_000);
    expect(statuses(await read(20))).toEqual({ 200: 20 });
  });
});
