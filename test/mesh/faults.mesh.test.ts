import { readdirSync } from "node:fs";
import { join } from "node:path";

import { createShopClient, type ShopClient } from "../../lab/load/client";
import { type CallResult, type MeshTarget } from "../../lab/target/target";
import { type ServiceName, serviceNames } from "../../lib/events";
import {
  added,
  breakersClosed,
  callOnce,
  closeBreakersSoon,
  inbound,
  renewConnections,
  root,
  statuses,
} from "../support/mesh";
import { openTarget } from "../support/mesh-target";
import { type FaultCase, faultCases } from "./fault-cases";

jest.setTimeout(240_000);

const files = readdirSync(join(root, "mesh/faults")).map((file) => file.replace(/\.yaml$/, ""));

let target: MeshTarget;
let shop: ShopClient;
let restoreBreakers: (() => Promise<void>) | undefined;
beforeAll(async () => {
  target = await openTarget();
  const victims = new Set(Object.values(faultCases).map(({ victim }) => victim));
  restoreBreakers = await closeBreakersSoon(target, [...victims]);
  shop = createShopClient({ url: await target.ingressUrl() });
});
afterAll(async () => {
  shop?.close();
  await restoreBreakers?.();
  await target?.close();
});

test("every fault has a case, and every case a fault", () => {
  expect(Object.keys(faultCases).sort()).toEqual(files.sort());
});

const injected = "fault\\.(aborts|delays|response_rl)_injected";

/** What a fault did to its victim while `work` ran: how many requests came, and how many it took. */
function effect(fault: FaultCase, work: () => Promise<CallResult[]>) {
  return added(
    target,
    {
      requests: { of: fault.victim, name: inbound(fault.port ?? 8080, "downstream_rq_total") },
      taken: {
        of: fault.victim,
        name: fault.counter ?? inbound(fault.port ?? 8080, `fault\\.${fault.kind}_injected`),
      },
    },
    work,
  );
}

/** Calls in rounds until enough of them have come through: an open breaker lets none. */
async function measure(
  fault: FaultCase,
): Promise<{ results: CallResult[]; requests: number; taken: number }> {
  const total = { results: [] as CallResult[], requests: 0, taken: 0 };
  do {
    await breakersClosed(target, [fault.caller]);
    const options = { count: fault.count, concurrency: fault.concurrency ?? 1 };
    const { result, delta } = await effect(fault, () => target.call(fault.caller, fault.call, options));
    total.results.push(...result);
    total.requests += delta.requests;
    total.taken += delta.taken;
  } while (fault.rate < 1 && total.requests < fault.count);
  return total;
}

describe.each(Object.entries(faultCases))("%s", (name, fault) => {
  const rule = { file: `mesh/faults/${name}.yaml` };
  let token: string;
  beforeAll(async () => {
    // For each fault, because a token lasts less long than all faults may take.
    token = await shop.enter({ email: `${name}-${Date.now()}@symphony.example`, password: "a-password" });
  });
  afterAll(async () => {
    await target.remove(rule);
    await fault.afterwards?.(target);
  });

  test("without it all is well", async () => {
    await breakersClosed(target);
    const { result, delta } = await effect(fault, () => target.call(fault.caller, fault.call, { count: 5 }));
    expect(statuses(result)).toEqual({ [fault.healthy]: 5 });
    expect(delta.taken).toBe(0);
  });

  test("has its effect, at its rate", async () => {
    await fault.prepare?.(target);
    await target.apply(rule);
    await renewConnections(target, fault.caller, fault.call);
    const { results, requests, taken } = await measure(fault);
    expect(taken).toBeGreaterThan(0);
    if (fault.rate === 1) {
      // A connection from before the fault may carry one more request.
      const spared = fault.counter === undefined ? requests - taken : requests;
      expect(spared).toBeLessThanOrEqual(2);
    } else {
      const deviation = Math.sqrt((fault.rate * (1 - fault.rate)) / requests);
      // Of the rates and counts of the cases one run in 10^7 is further off; small counts scatter more than normally.
      expect(Math.abs(taken / requests - fault.rate)).toBeLessThan(6 * deviation);
    }
    fault.symptom(results);
  });

  test("spares what it does not name", async () => {
    if (fault.spared?.some(({ call }) => call.to === fault.call.to)) await breakersClosed(target);
    const others = serviceNames.filter((service) => service !== fault.victim && service !== "gateway");
    for (const { caller, call, status } of fault.spared ?? []) {
      const answers = await target.call(caller, call, { count: 3 });
      expect(statuses(answers)).toEqual({ [status]: 3 });
      for (const { ms } of answers) expect(ms).toBeLessThan(fault.slow ?? Infinity);
    }
    const counters = Object.fromEntries(
      others.map((service) => [service, { of: service, name: inbound(8080, injected) }]),
    ) as Record<ServiceName, { of: ServiceName; name: RegExp }>;
    const { result, delta } = await added(target, counters, () =>
      Promise.all(
        others.map((service) => callOnce(target, "gateway", { to: `${service}:8080`, path: "/readyz" })),
      ),
    );
    expect(result.map(({ status }) => status)).toEqual(others.map(() => 200));
    expect(Object.values(delta).filter((count) => count > 0)).toEqual([]);
  });

  const { customer } = fault;
  if (customer !== undefined) {
    test("shows to customers as its file says", async () => {
      await breakersClosed(target);
      await customer({ shop, token, url: await target.ingressUrl(), target });
    });
  }

  test("is gone after its removal", async () => {
    await target.remove(rule);
    await breakersClosed(target);
    await renewConnections(target, fault.caller, fault.call);
    await breakersClosed(target);
    const { result, delta } = await effect(fault, () => target.call(fault.caller, fault.call, { count: 20 }));
    expect(statuses(result)).toEqual({ [fault.healthy]: 20 });
    expect(delta.taken).toBe(0);
  });
});
