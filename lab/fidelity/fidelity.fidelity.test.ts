import { rmSync, writeFileSync } from "node:fs";

import { answerBeside, fidelityCases } from "../../test/support/fidelity-cases";
import { type SourceFile, type World } from "../compile/types";
import { type Answer } from "./answers";
import { istiodAnswer, ourAnswer } from "./ask";
import { compareAnswers, formatDifference } from "./compare";
import { istiodVersion } from "./istiod/version";
import { keptFile, keptNames, readKept, toKept, versionFile } from "./kept";

const updating = process.env.FIDELITY_UPDATE === "1";

const asked = new Map<string, Promise<Answer>>();

/** Many cases are laid over the same files, which istiod is asked about once. */
function ask(files: SourceFile[], world: World): Promise<Answer> {
  const key = JSON.stringify([files, world]);
  const answer = asked.get(key) ?? istiodAnswer(files, world, process.env);
  asked.set(key, answer);
  return answer;
}

test.each(fidelityCases)("$name means the same to a real istiod", async (one) => {
  const answer = await ask(one.files, one.world);
  const kept = toKept(answer, await answerBeside(one, ask));
  if (updating) writeFileSync(keptFile(one.name), kept);
  expect(compareAnswers(ourAnswer(one.files, one.world), answer).map(formatDifference)).toEqual([]);
  expect(kept).toBe(readKept(one.name) ?? "no answer is kept; npm run fidelity:update keeps it");
});

test("the kept answers are of this istiod, and of no case that is gone", () => {
  const names = fidelityCases.map(({ name }) => name);
  const stale = keptNames().filter((name) => !names.includes(name));
  if (updating) {
    for (const name of stale) rmSync(keptFile(name));
    writeFileSync(versionFile, `${istiodVersion(process.env)}\n`);
  } else expect(stale).toEqual([]);
});
