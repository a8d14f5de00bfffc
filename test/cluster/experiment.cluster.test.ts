import { type Journal } from "../../lab/experiments/journal";
import { allReady, type Cluster, openReadyCluster, run } from "../support/cluster";

jest.setTimeout(600_000);

let cluster: Cluster;
beforeAll(async () => {
  cluster = await openReadyCluster();
});
afterAll(() => cluster?.close());

/** Whether they hold depends on how fast the machine is, which is not what is tested. */
const timings = /-p\d+$/;

test("an experiment of the laptop runs on the cluster: payment is down, no order is lost, all is healed", async () => {
  const { code, stdout, stderr } = await run(process.execPath, [
    "symphony",
    "--target",
    "kube",
    "experiment",
    "run",
    "payment-outage",
    "--json",
  ]);
  const answer = JSON.parse(stdout) as Journal & { error?: unknown };
  // What went wrong instead of a run, with what was said until then.
  expect(answer.error && { error: answer.error, code, stderr }).toBeUndefined();
  const { symphony, steady_states: steadyStates, rollbacks } = answer;
  expect(symphony.target).toBe("kube");
  expect(symphony.verdict.effects).toEqual([
    expect.objectContaining({ name: "payment-is-down", confirmed: true }),
  ]);
  const broken = symphony.verdict.findings.filter(({ held, measure }) => !held && !timings.test(measure));
  expect(broken).toEqual([]);
  expect(symphony.violations).toEqual([]);
  expect(steadyStates.after).toMatchObject({ steady_state_met: true });
  expect(rollbacks.filter(({ status }) => status !== "succeeded")).toEqual([]);
  await allReady(cluster.kubectl);
  await cluster.expectInvariants();
});
