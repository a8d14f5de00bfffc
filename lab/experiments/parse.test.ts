import { readFileSync } from "node:fs";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";
import { formatProblem } from "../compile/types";
import { exitCodes } from "../run/failure";
import { loadExperiment, parseExperiment } from "./parse";

const path = "lab/experiments/payment-outage.yaml";
const good = readFileSync(join(projectRoot, path), "utf8");
const known = { faults: ["payment-delay"], hasFile: (file: string) => file === "mesh/there.yaml" };
const problemsOf = (text: string): string[] =>
  parseExperiment({ path: "x.yaml", text }, known).problems.map(formatProblem);
/** `payment-outage` with one text for another, which must be there. */
function edited(from: string, to: string): string {
  expect(good).toContain(from);
  return good.replace(from, to);
}
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

test("a good file becomes an experiment with durations in ms and defaults filled in", () => {
  const { experiment } = parseExperiment({ path, text: good }, known);
  expect(experiment).toMatchObject({
    load: { profile: [{ rate: 8, for: 20_000 }], arrivals: "poisson", patterns: ["saga"] },
    method: [
      {
        pauses: { before: 4000, after: 0 },
        background: false,
        provider: { func: "stop", arguments: { workload: "payment", for: 8000 } },
        confirm: { "at-least-hits": 1 },
      },
    ],
    hypothesis: { "accepted-p99": { "at-most-times-control": 10 } },
    "stop-conditions": [{ measure: "open", for: 5000 }],
    rollbacks: [],
  });
});

const wrong: [string, string, string, string, string][] = [
  [
    "an unknown field",
    "seed: 81",
    "sede: 81",
    "load.sede",
    "unknown field; allowed here: arrivals, mix, patterns, profile, seed",
  ],
  [
    "an unknown function",
    "func: stop",
    "func: halt",
    "method[0].provider.func",
    "is unknown; allowed: fault, abort",
  ],
  [
    "an unknown workload",
    "workload: payment",
    "workload: paiment",
    "method[0].provider.arguments.workload",
    '"paiment" is none of: gateway, user',
  ],
  [
    "an unknown argument",
    "workload: payment,",
    "workload: payment, loud: true,",
    "method[0].provider.arguments.loud",
    "unknown field; allowed here: for, replica, workload",
  ],
  [
    "a duration without a unit",
    "for: 8s",
    "for: 8 seconds",
    "method[0].provider.arguments.for",
    "give a duration such as 500ms, 8s or 2m",
  ],
  ["a rate that is no number", "rate: 8", "rate: fast", "load.profile[0].rate", '"fast" is no number'],
  ["a rate that is too high", "rate: 8", "rate: 5000", "load.profile[0].rate", "500"],
  ["an unknown token", "tok_declined", "tok_free", "load.mix[1].token", '"tok_free" is none of: tok_ok'],
  [
    "an unknown pattern",
    "patterns: [rest]",
    "patterns: [soap]",
    "protection.without.patterns[0]",
    '"soap" is none of: rest, grpc, events, saga',
  ],
  [
    "an unknown measure",
    "success: { at-least: 100 }",
    "sucess: { at-least: 100 }",
    "hypothesis.sucess",
    "unknown field; allowed here: accepted-p50",
  ],
  [
    "a tolerance that is none",
    "tolerance: true",
    "tolerance: { is: true }",
    "steady-state-hypothesis.probes[0].tolerance",
    "give what it must be",
  ],
  [
    "a kind of activity that is none",
    "- type: action",
    "- type: deed",
    "method[0].type",
    "is unknown; allowed: action, probe",
  ],
  [
    "a measure that turns and is not expected",
    "turns: [success]",
    "turns: [recovery]",
    "protection.turns[0]",
    "the hypothesis says nothing about recovery; allowed: success",
  ],
  [
    "a stop condition without a limit",
    "above: 2000, ",
    "",
    "stop-conditions[0]",
    "give either below or above",
  ],
];
test.each(wrong)("%s is refused by its line", (_name, from, to, field, message) => {
  const text = edited(from, to);
  const [problem, ...more] = problemsOf(text);
  expect(more).toEqual([]);
  expect(problem).toContain(`${field}: `);
  expect(problem).toContain(message);
  const changed = good.split("\n").findIndex((line, index) => line !== text.split("\n")[index]) + 1;
  expect(problem).toMatch(new RegExp(`^x\\.yaml:${changed}:\\d+: `));
});

test.each<[string, string, string]>([
  ["no YAML", "title: [", "no YAML"],
  ["an empty file", "", "the file holds no experiment"],
  ["a list", "- a\n", "is no object"],
  ["two experiments", `${good}---\n${good}`, "a file holds one experiment"],
  ["a key twice", `${good}title: again\n`, "this key stands here twice"],
])("%s is refused", (_name, text, message) => {
  expect(problemsOf(text).join("\n")).toContain(message);
});

test("a missing field is told with the place where it belongs", () => {
  const text = good.replace(/^title: .*\n/m, "");
  expect(problemsOf(text)).toEqual([expect.stringMatching(/^x\.yaml:\d+:\d+: title: is missing$/)]);
});

test("all problems are told at once", () => {
  const text = edited("seed: 81", "sede: 81").replace("func: stop", "func: halt");
  expect(problemsOf(text)).toHaveLength(2);
});

test.each([
  [
    "func: stop\n      arguments: { workload: payment, for: 8s }",
    "func: fault\n      arguments: { name: no-such }",
    "there is no such fault; allowed: payment-delay",
  ],
  ["patterns: [rest]", "rules: [mesh/gone.yaml]", "there is no file mesh/gone.yaml"],
  ["patterns: [rest]", "rules: [/etc/passwd]", "Invalid string"],
])("what a file refers to must be there", (from, to, message) => {
  const text = edited(from, to);
  const [problem] = problemsOf(text);
  expect(problem).toContain(message);
  const last = to.split("\n").at(-1)!.trim();
  expect(problem).toContain(`x.yaml:${lineOf(text, last)}:`);
});

test("a wrong file and a missing one are wrong usage", async () => {
  await expect(loadExperiment("no-such-experiment")).rejects.toMatchObject({
    code: "experiment.unknown",
    exitCode: exitCodes.usage,
  });
  await expect(loadExperiment("mesh/base/order.yaml")).rejects.toMatchObject({
    code: "experiment.invalid",
    exitCode: exitCodes.usage,
    message: expect.stringMatching(/^mesh\/base\/order\.yaml:\d+:/),
  });
});

test("an experiment is found by its name and by its path", async () => {
  const [byName, byPath] = [await loadExperiment("payment-outage"), await loadExperiment(path)];
  expect(byName).toEqual(byPath);
  expect(byName).toMatchObject({ name: "payment-outage", file: path });
});
