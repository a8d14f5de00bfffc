import { experimentOn, verdictOf } from "../../test/support/experiments";
import { startSystem, type System } from "../../test/support/system";
import { type Ground } from "./ground";
import { openLaptopGround } from "./laptop-ground";
import { experimentFiles, loadExperiment } from "./parse";

jest.setTimeout(600_000);

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

describe.each(experimentFiles())("%s", (file) => {
  test("holds", async () => {
    const journal = await experimentOn(ground, await loadExperiment(file));
    expect(verdictOf(journal)).toMatchObject({ outcome: "held" });
  });

  test("fails without its protection", async () => {
    const loaded = await loadExperiment(file);
    const journal = await experimentOn(ground, loaded, { withoutProtection: true });
    expect(verdictOf(journal)).toMatchObject({ outcome: "failed" });
    const broken = journal.symphony.verdict.findings
      .filter(({ held }) => !held)
      .map(({ measure }) => measure);
    expect(loaded.experiment.protection?.turns.some((measure) => broken.includes(measure))).toBe(true);
  });
});
