import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exitCodes } from "../run/failure";
import {
  checkRunsFolder,
  compareRuns,
  findRun,
  listRuns,
  newRunId,
  readJournal,
  type RunSummary,
  saveRun,
} from "./store";

let state: string;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "symphony-runs-"));
});
afterEach(() => rm(state, { recursive: true, force: true }));

const run = (id: string, change: Partial<RunSummary> = {}): RunSummary => ({
  id,
  kind: "experiment",
  name: id.slice(16),
  title: "Something breaks",
  startedAt: "2026-11-23T22:05:01.000Z",
  outcome: "held",
  figures: { success: { value: 100, unit: "%" }, recovery: { value: null, unit: "ms" } },
  ...change,
});
const save = (summary: RunSummary): string =>
  saveRun({ summary, journal: { of: summary.id }, report: "<!doctype html>" }, state);

test("a run is kept whole, and found again", () => {
  const folder = save(run("20261123-220501-a"));
  expect(readdirSync(folder).sort()).toEqual(["journal.json", "report.html", "run.json"]);
  expect(readFileSync(join(folder, "report.html"), "utf8")).toBe("<!doctype html>");
  expect(listRuns(state)).toEqual([run("20261123-220501-a")]);
  expect(readJournal("20261123-220501-a", state)).toEqual({ of: "20261123-220501-a" });
});

test("a run that is kept again stands in the place of what it was", () => {
  save(run("20261123-220501-a", { outcome: "running" }));
  const folder = save(run("20261123-220501-a", { outcome: "valid" }));
  expect(listRuns(state)).toEqual([run("20261123-220501-a", { outcome: "valid" })]);
  expect(readdirSync(join(folder, ".."))).toEqual(["20261123-220501-a"]);
});

test("the newest run comes first, and what is no run is left out", async () => {
  save(run("20261123-220501-a"));
  save(run("20261124-080000-b"));
  await writeFile(join(state, "runs/notes.txt"), "mine");
  expect(listRuns(state).map(({ name }) => name)).toEqual(["b", "a"]);
});

test.each([
  ["latest", "20261124-080000-a"],
  ["a", "20261124-080000-a"],
  ["20261123-220501-a", "20261123-220501-a"],
  ["20261123", "20261123-220501-a"],
])("%s names %s", (given, id) => {
  save(run("20261123-220501-a"));
  save(run("20261124-080000-a"));
  expect(findRun(given, state).id).toBe(id);
});

test("a run that is not there is wrong usage", () => {
  expect(() => findRun("nothing", state)).toThrow(
    expect.objectContaining({ code: "runs.unknown", exitCode: exitCodes.usage }),
  );
  expect(listRuns(join(state, "elsewhere"))).toEqual([]);
});

test("an id tells when and what", () => {
  expect(newRunId("payment-outage", new Date("2026-11-23T22:05:01.250Z"))).toBe(
    "20261123-220501-payment-outage",
  );
});

test("a full disk is refused before anything is broken", () => {
  expect(() => checkRunsFolder(state)).not.toThrow();
  expect(() => checkRunsFolder(state, Number.MAX_SAFE_INTEGER)).toThrow(
    expect.objectContaining({ code: "disk.full", exitCode: exitCodes.environment }),
  );
  expect(readdirSync(join(state, "runs"))).toEqual([]);
});

test("a run that cannot be kept leaves no half of it", async () => {
  await writeFile(join(state, "runs"), "in the way");
  expect(() => save(run("20261123-220501-a"))).toThrow();
  expect(existsSync(join(state, "runs", "20261123-220501-a"))).toBe(false);
});

test("two runs figure by figure", () => {
  const a = run("20261123-220501-a", {
    figures: {
      p99: { value: 200, unit: "ms" },
      recovery: { value: null, unit: "ms" },
      lost: { value: 0, unit: "" },
    },
  });
  const b = run("20261124-080000-a", {
    figures: {
      p99: { value: 50, unit: "ms" },
      recovery: { value: 900, unit: "ms" },
      lost: { value: 2, unit: "" },
      more: { value: 1, unit: "%" },
    },
  });
  expect(compareRuns(a, b)).toEqual([
    { name: "p99", unit: "ms", a: 200, b: 50, ratio: 0.25 },
    { name: "recovery", unit: "ms", a: null, b: 900, ratio: undefined },
    { name: "lost", unit: "", a: 0, b: 2, ratio: undefined },
    { name: "more", unit: "%", a: null, b: 1, ratio: undefined },
  ]);
});
