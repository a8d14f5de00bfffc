import { readFileSync } from "node:fs";
import { join } from "node:path";

import Ajv2020 from "ajv/dist/2020";
import { parse } from "yaml";

import { projectRoot } from "../../lib/paths";
import { actionsMarkdown, replaceActions } from "../generate/actions-doc";
import { experimentSchemaText } from "../generate/experiment-schema";
import { actionArguments, type Activity } from "./activities";
import { experimentFiles, loadExperiment } from "./parse";
import { experimentJsonSchema } from "./schema";

const read = (path: string): string => readFileSync(join(projectRoot, path), "utf8");
const files = experimentFiles();

test("the published JSON Schema is that of the definition; npm run generate writes it", () => {
  expect(read("lab/experiments/experiment.schema.json")).toBe(experimentSchemaText());
});

test("docs/experiments.md lists the actions and the files as they are; npm run generate writes them", async () => {
  const page = read("docs/experiments.md");
  const all = await Promise.all(files.map(loadExperiment));
  expect(replaceActions(page, actionsMarkdown(all))).toBe(page);
});

const validate = new Ajv2020({ strict: false }).compile(experimentJsonSchema());

test.each(files)(
  "%s is valid for an editor too, says what protects, and is named in one place",
  async (file) => {
    expect(validate(parse(read(file))) || validate.errors).toBe(true);
    const { experiment } = await loadExperiment(file);
    expect(experiment.protection).toBeDefined();
    const { rules, setup, patterns, method } = experiment.protection!.without;
    expect(rules.length + setup.length + (patterns ?? []).length + (method ?? []).length).toBeGreaterThan(0);
    expect(read(file)).toContain("$schema=./experiment.schema.json");
  },
);

test.each([
  ["an unknown function", { func: "explode" }],
  ["an argument that is missing", { func: "stop", arguments: {} }],
  ["an argument too many", { func: "stop", arguments: { workload: "order", loud: true } }],
])("the JSON Schema refuses %s", (_name, provider) => {
  const document = parse(read("lab/experiments/payment-outage.yaml")) as { method: { provider: object }[] };
  document.method[0]!.provider = { type: "symphony", ...provider };
  expect(validate(document)).toBe(false);
});

test("every kind of failure that the lab promises is among the experiments", async () => {
  const all = await Promise.all(files.map(loadExperiment));
  expect(all.length).toBeGreaterThanOrEqual(15);
  const used = new Set(
    all.flatMap(({ experiment: { setup, method, protection } }) =>
      [...setup, ...method, ...(protection?.without.setup ?? []), ...(protection?.without.method ?? [])].map(
        ({ provider }: Activity) => provider.func,
      ),
    ),
  );
  expect(Object.keys(actionArguments).filter((func) => !used.has(func as never))).toEqual([]);
});

test("no two experiments send the same load", async () => {
  const all = await Promise.all(files.map(loadExperiment));
  const seeds = all.map(({ experiment }) => experiment.load.seed);
  expect(new Set(seeds).size).toBe(seeds.length);
});
