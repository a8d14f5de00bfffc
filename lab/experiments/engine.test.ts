import { type Machine } from "../bench/machine";
import { type Disturbance } from "../mesh/disturb/disturbance";
import { amplificationOf, callersOf } from "./amplification";
import { lacksOf, planOf } from "./engine";
import { type Ground } from "./ground";
import { lackOf } from "./kube-lacks";
import { experimentFiles, loadExperiment } from "./parse";
import { settledProbe, tolerates } from "./probes";

const kube: Pick<Ground, "lacks" | "target"> = { target: "kube", lacks: lackOf };
const common = {
  ground: {} as Ground,
  progress: { say: () => undefined, tick: () => undefined },
  signal: new AbortController().signal,
  machine: {} as Machine,
  versions: {},
};

test("what a target lacks is told by action, with the reason, before anything is touched", async () => {
  const { experiment } = await loadExperiment("clock-skew");
  expect(lacksOf(experiment, kube)).toEqual([
    "payment-is-fast (skew-clock): pods share the clock of their node",
    "shipping-is-slow (skew-clock): pods share the clock of their node",
  ]);
});

test.each<[Disturbance, boolean]>([
  [{ kind: "hold", victim: "payment" }, true],
  [{ kind: "hold", victim: "payment", replica: 1 }, false],
  [{ kind: "hold", victim: "broker" }, false],
  [{ kind: "hold", victim: "database" }, false],
  [{ kind: "roll", victim: "payment", drain: true }, true],
  [{ kind: "roll", victim: "broker", drain: true }, false],
  [{ kind: "kill", victim: "broker" }, true],
  [{ kind: "kill", victim: "database" }, true],
  [{ kind: "pause", victim: "order" }, false],
])("a cluster can do %j: %p", (disturbance, expected) => {
  expect(lackOf(disturbance) === undefined).toBe(expected);
});

/** As they stand; the others are refused by the name of what a cluster lacks. */
const onCluster = [
  "audience-outage",
  "bad-replica",
  "gateway-overload",
  "inventory-flaky",
  "inventory-outage",
  "inventory-slow",
  "partition",
  "payment-flaky",
  "payment-outage",
  "payment-slow",
  "poison-event",
  "rolling-restart",
  "service-crash",
  "shipping-flaky",
  "shipping-outage",
  "shipping-slow",
  "database-failover",
  "user-outage",
].sort();

test("which experiments run on a cluster is known before anything is touched", async () => {
  const all = await Promise.all(experimentFiles().map(loadExperiment));
  const fit = all.filter(({ experiment }) => lacksOf(experiment, kube).length === 0).map(({ name }) => name);
  expect(fit.sort()).toEqual(onCluster);
});

test("another seed changes the load and nothing else", async () => {
  const loaded = await loadExperiment("payment-outage");
  const plan = planOf({ ...common, loaded, seed: 7 });
  expect(plan).toEqual({ ...loaded.experiment, load: { ...loaded.experiment.load, seed: 7 } });
});

test("without its protection an experiment has the same hypothesis and another setup, load or method", async () => {
  for (const file of experimentFiles()) {
    const loaded = await loadExperiment(file);
    const plan = planOf({ ...common, loaded, withoutProtection: true });
    expect(plan.hypothesis).toEqual(loaded.experiment.hypothesis);
    const { rules } = loaded.experiment.protection!.without;
    expect(rules.length > 0 || JSON.stringify(plan) !== JSON.stringify(loaded.experiment)).toBe(true);
  }
});

test("an experiment without a protection cannot be run without it", async () => {
  const loaded = await loadExperiment("payment-outage");
  const experiment = { ...loaded.experiment, protection: undefined };
  expect(() => planOf({ ...common, loaded: { ...loaded, experiment }, withoutProtection: true })).toThrow(
    expect.objectContaining({ code: "experiment.no_protection" }),
  );
});

test.each<[Parameters<typeof tolerates>[0], boolean | number | string, boolean]>([
  [true, true, true],
  [true, false, false],
  ["confirmed", "confirmed", true],
  ["confirmed", "open", false],
  [0, 0, true],
  [[1, 3], 3, true],
  [[1, 3], 4, false],
  [[1, 3], "2", false],
])("tolerance %j of %j: %p", (tolerance, value, expected) => {
  expect(tolerates(tolerance, value)).toBe(expected);
});

describe("a steady state that is not there yet", () => {
  const probe = {
    provider: { type: "symphony", func: "active-faults", arguments: {} },
    tolerance: 0,
  } as const;
  /** So many faults as each look finds. */
  const groundOf = (...counts: number[]): Ground =>
    ({
      activeFaults: () => Promise.resolve(Array.from({ length: counts.shift() ?? 0 }, () => "a-fault")),
    }) as unknown as Ground;
  const never = new AbortController().signal;

  test("is waited for", async () => {
    const settling = { settleMs: 60_000, signal: never, everyMs: 1 };
    expect(await settledProbe(groundOf(2, 1, 0), probe, settling)).toMatchObject({ value: 0 });
  });

  test("is told as it is once the time is over, or Ctrl-C ends the wait", async () => {
    expect(await settledProbe(groundOf(2), probe, { settleMs: 0, signal: never })).toMatchObject({
      value: 2,
    });
    const aborted = { settleMs: 60_000, signal: AbortSignal.abort() };
    expect(await settledProbe(groundOf(3), probe, aborted)).toMatchObject({ value: 3 });
  });
});

test("amplification is calls sent for each that was asked for, whatever sidecar started anew", () => {
  expect(callersOf("payment").sort()).toEqual(["gateway", "order"]);
  const before = { order: { total: 100, retries: 0 }, gateway: { total: 1000, retries: 10 } };
  expect(amplificationOf(before, { ...before, order: { total: 230, retries: 30 } })).toBe(1.3);
  // The gateway's sidecar counts from zero again: 20 calls, half of them repeated.
  expect(amplificationOf(before, { order: before.order, gateway: { total: 20, retries: 10 } })).toBe(2);
  expect(amplificationOf(before, before)).toBeUndefined();
});
