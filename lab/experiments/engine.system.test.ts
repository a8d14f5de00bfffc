import { experimentOn, verdictOf } from "../../test/support/experiments";
import { startSystem, type System } from "../../test/support/system";
import { waitFor } from "../../test/support/wait-for";
import { describeMachine } from "../bench/machine";
import { exitCodes } from "../run/failure";
import { type Ground } from "./ground";
import { openLaptopGround } from "./laptop-ground";
import { type LoadedExperiment, loadExperiment } from "./parse";

jest.setTimeout(240_000);

let system: System;
let ground: Ground;

beforeAll(async () => {
  system = await startSystem({ mesh: true });
  ground = openLaptopGround(system.state);
});
afterAll(async () => {
  await ground?.close();
  await system?.stop();
});

/** payment-outage, as short as it can be: two seconds without payment. */
async function shortOutage(): Promise<LoadedExperiment> {
  const loaded = await loadExperiment("payment-outage");
  const { experiment } = loaded;
  const method = experiment.method.map((activity) =>
    activity.type === "action" && activity.provider.func === "stop"
      ? {
          ...activity,
          pauses: { before: 1000, after: 0 },
          provider: { ...activity.provider, arguments: { workload: "payment" as const, for: 2000 } },
        }
      : activity,
  );
  const hypothesis = {
    success: { "at-least": 100 },
    completed: { "at-least": 100 },
    violations: { "at-most": 0 },
  };
  // Few enough for REST, which is dearest, to succeed where another suite takes half of the machine.
  const load = { ...experiment.load, profile: [{ rate: 4, for: 6000 }] };
  return { ...loaded, experiment: { ...experiment, method, hypothesis, load } };
}

const paymentPid = (): number | undefined => system.stack.process("payment")?.pid;

test("the fault is confirmed and the system holds; without its protection the same hypothesis fails", async () => {
  const loaded = await shortOutage();
  const before = paymentPid();
  const protectedRun = await experimentOn(ground, loaded);
  expect(verdictOf(protectedRun)).toMatchObject({ outcome: "held", effects: [{ confirmed: true }] });
  expect(paymentPid()).not.toBe(before);
  expect(protectedRun.symphony.control?.sent).toBe(protectedRun.symphony.fault?.sent);
  expect(protectedRun.steady_states.after).toMatchObject({ steady_state_met: true });

  const unprotected = await experimentOn(ground, loaded, { withoutProtection: true });
  expect(verdictOf(unprotected)).toMatchObject({
    outcome: "failed",
    reasons: expect.arrayContaining([expect.stringContaining("success was")]),
    effects: [{ confirmed: true }],
    findings: expect.arrayContaining([expect.objectContaining({ measure: "success", held: false })]),
  });
  expect(unprotected.said).toEqual(
    expect.arrayContaining([expect.stringContaining("payment-is-down: healed")]),
  );
});

test("Ctrl-C heals at once, and the run is told as interrupted", async () => {
  const loaded = await shortOutage();
  const stopping = new AbortController();
  const work = experimentOn(ground, loaded, {
    signal: stopping.signal,
    progress: {
      say: (line) => {
        if (line.includes("stopped payment")) stopping.abort();
      },
      tick: () => undefined,
    },
  });
  expect((await work).symphony.outcome).toBe("interrupted");
  expect(system.stack.process("payment")?.status).toBe("ready");
});

test("an experiment that dies is healed without it; until then a second one is refused", async () => {
  // Reading a machine writes to its disk, which may outlive a lease.
  const loaded = await shortOutage();
  const machine = describeMachine();
  const dead = openLaptopGround(system.state);
  await dead.begin("one that dies", 5_000);
  const { step } = await dead.disturb({ kind: "pause", victim: "payment" });
  await waitFor(async () => {
    await dead.renew();
    // A signal stops a process soon, not at once.
    return (await dead.observe(step)).seen;
  });
  await expect(experimentOn(ground, loaded, { machine })).rejects.toMatchObject({
    code: "experiment.running",
    exitCode: exitCodes.environment,
  });
  await waitFor(
    async () => {
      await ground.begin("the next one", 60_000);
      return true;
    },
    { timeoutMs: 60_000, what: "the end of the lease" },
  );
  expect((await ground.readiness()).ready).toBe(true);
  await expect(dead.observe(step)).rejects.toMatchObject({ code: "experiment.lease" });
  await ground.end();
  await dead.close();
});

test("a system that is broken already, or not steady, is refused before anything is touched", async () => {
  const loaded = await shortOutage();
  const pid = paymentPid();
  const control = openLaptopGround(system.state);
  await control.begin("a fault", 60_000);
  await control.disturb({ kind: "fault", name: "payment-delay" });
  // Nobody else's experiment is in the way, only what it left in force.
  const withFault: Ground = { ...ground, begin: () => Promise.resolve(), end: () => Promise.resolve([]) };
  await expect(experimentOn(withFault, loaded)).rejects.toMatchObject({ code: "experiment.faults_active" });
  await control.end();
  await control.close();

  const probes = loaded.experiment["steady-state-hypothesis"].probes.map((probe) => ({
    ...probe,
    tolerance: "never",
  }));
  const unsteady = {
    ...loaded,
    experiment: { ...loaded.experiment, "steady-state-hypothesis": { title: "It never holds", probes } },
  };
  await expect(experimentOn(ground, unsteady, { settleMs: 0 })).rejects.toMatchObject({
    code: "experiment.unsteady",
    exitCode: exitCodes.environment,
  });
  expect(paymentPid()).toBe(pid);
});
