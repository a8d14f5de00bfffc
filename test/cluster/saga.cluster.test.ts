import { play, playWithoutUndo, scenarios, undoingPatterns } from "../saga/scenarios";
import { type Cluster, openCluster } from "../support/cluster";
import { breakersClosed } from "../support/mesh";

jest.setTimeout(240_000);

let cluster: Cluster;
let leftovers: number;
beforeAll(async () => {
  cluster = await openCluster();
  await breakersClosed(cluster.target);
  ({ leftovers } = await cluster.expectInvariants());
});
afterAll(() => cluster?.close());

describe.each(undoingPatterns)("pattern %s through the ingress gateway", (pattern) => {
  test.each(scenarios)("$name: ends as it must", (scenario) => play(cluster, scenario, pattern));

  test("leaves nothing behind", async () => {
    expect(await cluster.expectInvariants()).toEqual({ leftovers });
  });
});

test("pattern events: a failed order keeps what was done, because nobody undoes", async () => {
  await playWithoutUndo(cluster);
  expect(await cluster.expectInvariants()).toEqual({ leftovers: leftovers + 1 });
});
