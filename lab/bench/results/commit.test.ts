import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { headlineRun, matrixRun } from "../../../test/support/bench-runs";
import { renderHeadlineReport } from "../../report/headline";
import { findRun, readJournal } from "../../runs/store";
import { keepRun } from "../run-file";
import { commitRun } from "./commit";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-results-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, "given.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
const page = (): Promise<string> => readFile(join(folder, "docs/results.md"), "utf8");

test("a kept run becomes the document, and a matrix comes beside it", async () => {
  expect(await commitRun(await file(headlineRun()), folder)).toBe(headlineRun().id);
  expect(await page()).toContain("| average response time");
  expect(await page()).not.toContain("## The decision matrix");
  await commitRun(await file(matrixRun()), folder);
  expect(await page()).toContain("| average response time");
  expect(await page()).toContain("## The decision matrix");
  expect((await readdir(join(folder, "docs/results"))).sort()).toEqual(["headline.json", "matrix.json"]);
});

test("what a bench keeps can be found, read and committed again", async () => {
  const run = headlineRun();
  const kept = keepRun(run, renderHeadlineReport(run), folder);
  expect((await readdir(kept)).sort()).toEqual(["journal.json", "report.html", "run.json"]);
  expect(findRun("headline", folder)).toMatchObject({ id: run.id, kind: "headline", outcome: "valid" });
  expect(readJournal(run.id, folder)).toEqual(JSON.parse(JSON.stringify(run)));
  expect(await commitRun(join(kept, "journal.json"), folder)).toBe(run.id);
});

test.each([
  ["a file that is not there", () => Promise.resolve("/no/such.json"), "there is no file /no/such.json"],
  ["a file that is no JSON", () => file("{"), "is no run of a bench"],
  ["a file that is something else", () => file({ items: [] }), "is no run of a bench"],
  ["a run of an experiment", () => file({ ...headlineRun(), kind: "experiment" }), "is a run of experiment"],
])("%s is refused, and nothing is written", async (_name, given, message) => {
  await expect(commitRun(await given(), folder)).rejects.toThrow(message);
  await expect(page()).rejects.toThrow("ENOENT");
});

test("a matrix alone is refused: the document is about the headline", async () => {
  await expect(commitRun(await file(matrixRun()), folder)).rejects.toThrow("has no headline.json");
});
