import { answerBeside, fidelityCases } from "../../test/support/fidelity-cases";
import { ourAnswer } from "./ask";
import { keptNames, readKept, toKept } from "./kept";

/** The cluster's own answers are compared in fidelity.fidelity.test.ts; here those that are kept of them. */
test.each(fidelityCases)("$name means the same to istiod, as it answered last", async (one) => {
  const ours = toKept(ourAnswer(one.files, one.world), await answerBeside(one, ourAnswer));
  expect(ours).toBe(readKept(one.name) ?? "no answer is kept; npm run fidelity:update asks istiod");
});

test("no answer is left over", () => {
  const names = fidelityCases.map(({ name }) => name);
  expect(keptNames().filter((name) => !names.includes(name))).toEqual([]);
});
