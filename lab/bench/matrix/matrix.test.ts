import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../../lib/paths";
import { codeLines, implementation, linesOf, servicesOf } from "./complexity";
import { familyMs, faultFiles } from "./families";
import { gradeOf, matrixTable } from "./grades";
import {
  dimensions,
  families,
  type Family,
  type Measured,
  type Measurements,
  opinions,
  subjects,
} from "./subjects";

const success = (good: number) =>
  ({ flaky: good, slow: good, hanging: good, dead: good, brokerless: good }) as const;
const rates = (good: number): Measured["success"] =>
  Object.fromEntries(
    Object.entries(success(good)).map(([family, count]) => [family, { good: count, of: 100 }]),
  ) as Measured["success"];

const one = (change: Partial<Measured> = {}): Measured => ({
  violations: 0,
  leftovers: 0,
  stalenessMs: 0,
  answerMs: 30,
  completeMs: 30,
  perSecond: 40,
  cpuMs: 20,
  services: 4,
  calls: 5,
  messages: 5,
  lines: 1_000,
  success: rates(95),
  ...change,
});

/** As the article has it. */
const usual = (change: Partial<Measurements> = {}): Measurements => ({
  rest: one(),
  grpc: one({ perSecond: 80, lines: 1_500 }),
  events: one({ stalenessMs: 40, leftovers: 5, perSecond: 90, lines: 1_900, success: rates(100) }),
  saga: one({ stalenessMs: 60, perSecond: 60, lines: 2_100, success: rates(100) }),
  gateway: one({ lines: 500 }),
  ...change,
});

test.each(subjects.flatMap((subject) => dimensions.map((dimension) => [subject, dimension] as const)))(
  "%s's %s is graded as the article does where it is so",
  (subject, dimension) => {
    expect(gradeOf(subject, dimension, usual())).toBe(opinions[subject][dimension]);
  },
);

test.each([
  ["rest", "consistency", { violations: 1 }, "Eventual"],
  ["saga", "consistency", { stalenessMs: 0 }, "Strong"],
  ["saga", "performance", { perSecond: 85 }, "High"],
  ["rest", "performance", { perSecond: 20 }, "Low"],
  ["grpc", "complexity", { lines: 1_200 }, "Low"],
  ["events", "fault tolerance", { success: rates(80) }, "Low"],
] as const)("%s's %s with %j is %s", (subject, dimension, change, grade) => {
  const all = usual({ [subject]: { ...usual()[subject], ...change } });
  expect(gradeOf(subject, dimension, all)).toBe(grade);
});

test("each family counts the same for fault tolerance, however many orders it has", () => {
  const long = { ...rates(100), flaky: { good: 1_000, of: 1_000 }, dead: { good: 80, of: 100 } };
  const all = usual({ saga: one({ success: long }) });
  expect(gradeOf("saga", "fault tolerance", all)).toBe("Medium");
});

test("the table names each cell in which measurement and article disagree", () => {
  const { cells, remarks } = matrixTable(usual({ rest: one({ success: rates(100) }) }));
  expect(cells.map(([name]) => name)).toEqual([...subjects]);
  expect(cells[0]?.[4]).toContain("article: Medium, **measured: High**");
  expect(cells[0]?.[1]).toContain("article: Strong, agreed");
  expect(remarks).toContain(
    "For one view of an order a client sends one request. Without the composition it would send 3.",
  );
  expect(remarks.at(-1)).toBe(
    "Measurement disagrees with the article: rest's fault tolerance is High, not Medium.",
  );
});

test.each(Object.entries(faultFiles))(
  "the family %s says the share that its file has",
  (family, { file, percent }) => {
    const text = readFileSync(join(projectRoot, file), "utf8");
    expect(Number(/numerator: (\d+)/.exec(text)?.[1])).toBe(percent);
    const words = { 2: "one call in fifty", 50: "half of the calls" }[percent];
    expect(families[family as Family]).toContain(words);
  },
);

test.each([
  ["dead", 12, 20_000],
  ["slow", 12, 20_000],
  // Of 9 calls a second one in fifty is hit: ten hits take 55.6 s.
  ["flaky", 12, 55_556],
  ["flaky", 100, 20_000],
] as const)("the family %s at %d orders/s lasts %d ms", (family, rate, expected) => {
  expect(familyMs(family, { rate, familyMs: 20_000 })).toBe(expected);
});

test.each([
  ["const a = 1;\n\n// why\nconst b = 2;\n", 2],
  ["/**\n * doc\n */\nexport function f() {\n  return 1 / 2;\n}\n", 3],
  ["/* a */ const a = /x/;\n", 1],
  ["", 0],
])("%j has %d lines of code", (text, lines) => {
  expect(codeLines(text)).toBe(lines);
});

test.each(subjects)("the files that implement %s are there, and none twice", (subject) => {
  expect(linesOf(subject)).toBeGreaterThan(20);
  expect(new Set(implementation[subject]).size).toBe(implementation[subject].length);
});

test.each([
  ["rest", 4],
  ["grpc", 4],
  ["saga", 4],
  ["gateway", 5],
] as const)("%s needs %d services", (subject, services) => {
  expect(servicesOf(subject, 4)).toBe(services);
});
