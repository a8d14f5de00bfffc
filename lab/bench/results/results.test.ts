import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { projectRoot } from "../../../lib/paths";
import { doubts } from "../headline/doubts";
import { headlineRows } from "../headline/rows";
import { readResults } from "./read";
import { renderResults } from "./render";

const folder = join(projectRoot, "docs/results");
const document = join(projectRoot, "docs/results.md");
const isCommitted = existsSync(join(folder, "headline.json"));
/** Skipped where no run is committed. */
const ofCommitted = isCommitted ? test : test.skip;

test("there is a document where there is a run, and none otherwise", () => {
  expect(existsSync(document)).toBe(isCommitted);
});

ofCommitted(
  "docs/results.md says what the committed runs say: npm run results -- RUN writes it",
  async () => {
    expect(await readFile(document, "utf8")).toBe(renderResults(await readResults(folder)));
  },
);

ofCommitted("the committed rows and doubts follow from the committed blocks", async () => {
  const { headline } = await readResults(folder);
  expect(JSON.parse(JSON.stringify(headlineRows(headline.blocks, headline.ceilings)))).toEqual(headline.rows);
  expect(doubts(headline.blocks)).toEqual(headline.doubts);
  expect(headline.valid).toBe(headline.doubts.length === 0);
});

test("a folder without a run is told so, with what to do", async () => {
  await expect(readResults(join(folder, "none"))).rejects.toThrow("has no headline.json");
});
