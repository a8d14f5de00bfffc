import { experimentOn, verdictOf } from "../../test/support/experiments";
import { startSystem, type System } from "../../test/support/system";
import { type Ground } from "./ground";
import { keepRun } from "./keep";
import { openLaptopGround } from "./laptop-ground";
import { type LoadedExperiment, loadExperiment } from "./parse";
import { checkAtRest } from "./probes";
import { selectExperiments } from "./prove/select";

jest.setTimeout(600_000);

const { SYMPHONY_EXPERIMENTS: only, SYMPHONY_SEED: seed = "" } = process.env;
/** So many runs share a system: each reads every order that there ever was, before and after. */
const runsPerSystem = 12;

let system: System | undefined;
let ground: Ground;
let runs = 0;

async function stop(): Promise<void> {
  await ground?.close();
  await system?.stop();
  system = undefined;
}

/** Whether what ran before has left nothing behind that the next run would be blamed for. */
async function isFit(): Promise<boolean> {
  if (system === undefined || runs >= runsPerSystem) return false;
  const { ready } = await ground.readiness();
  if (!ready || (await ground.activeFaults()).length > 0) return false;
  const { violations, unsettled } = await checkAtRest(ground.system, 60_000);
  return violations.length + unsettled.length === 0;
}

beforeEach(async () => {
  if (!(await isFit())) {
    await stop();
    system = await startSystem({ mesh: true });
    ground = openLaptopGround(system.state);
    runs = 0;
  }
  runs += 1;
});
afterAll(stop);

/** Runs it, and keeps its report among those of `./symphony runs`. */
async function run(loaded: LoadedExperiment, withoutProtection: boolean) {
  const options = { withoutProtection, ...(seed !== "" && { seed: Number(seed) }) };
  const journal = await experimentOn(ground, loaded, options);
  keepRun(journal);
  return journal;
}

describe.each(selectExperiments(only))("%s", (file) => {
  test("holds", async () => {
    const journal = await run(await loadExperiment(file), false);
    expect(verdictOf(journal)).toMatchObject({ outcome: "held" });
  });

  test("fails without its protection", async () => {
    const loaded = await loadExperiment(file);
    const journal = await run(loaded, true);
    expect(verdictOf(journal)).toMatchObject({ outcome: "failed" });
    const broken = journal.symphony.verdict.findings
      .filter(({ held }) => !held)
      .map(({ measure }) => measure);
    expect(loaded.experiment.protection?.turns.some((measure) => broken.includes(measure))).toBe(true);
  });
});
