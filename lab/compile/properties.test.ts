import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import fc from "fast-check";
import { parse, parseAllDocuments, stringify } from "yaml";

import { projectRoot } from "../../lib/paths";
import { goldenPaths } from "../../test/support/compile";
import { readMeshConfig, readSources } from "../mesh/sources";
import { compile } from "./compile";
import { planWorld } from "./default-world";
import { type Compiled, CompileError, type SourceFile, type World } from "./types";

const data = join(projectRoot, "lab", "compile", "testdata");
const world = parse(readFileSync(join(data, "world.yaml"), "utf8")) as World;
const texts = readdirSync(data)
  .filter((file) => file.endsWith(".in.yaml"))
  .map((file) => readFileSync(join(data, file), "utf8"));

function run(files: SourceFile[], where = world): Compiled | CompileError {
  try {
    return compile(files, where, goldenPaths);
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
}

/** The same object with one value somewhere in it replaced. */
function mutate(value: unknown, choose: (count: number) => number, replacement: unknown): unknown {
  const places: { at: Record<string, unknown>; key: string }[] = [];
  const copy = structuredClone(value);
  const walk = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, child] of Object.entries(node)) {
      places.push({ at: node as Record<string, unknown>, key });
      walk(child);
    }
  };
  walk(copy);
  const place = places[choose(places.length)];
  if (place !== undefined) place.at[place.key] = replacement;
  return copy;
}

test("text of any kind compiles or is refused with a named error", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.json(), fc.constantFrom(...texts)),
      fc.string(),
      fc.nat(),
      (text, noise, at) => {
        const place = text.length === 0 ? 0 : at % text.length;
        run([{ path: "any.yaml", text: text.slice(0, place) + noise + text.slice(place) }]);
      },
    ),
    { numRuns: 200 },
  );
});

test("objects with any one value replaced compile or are refused with a named error", () => {
  const documents = texts
    .flatMap((text) => parseAllDocuments(text))
    .filter(({ errors }) => errors.length === 0)
    .map((document) => document.toJS() as unknown)
    .filter((content) => content !== null);
  fc.assert(
    fc.property(
      fc.constantFrom(...documents),
      fc.nat(),
      fc.jsonValue({ maxDepth: 2 }),
      (document, at, replacement) => {
        const changed = mutate(document, (count) => at % Math.max(count, 1), replacement);
        const result = run([{ path: "any.yaml", text: stringify(changed) }]);
        if (result instanceof CompileError) expect(result.problems.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 400 },
  );
});

const meshFiles = [...readSources("mesh/base"), ...readSources("mesh/faults")];
const symphony = planWorld({ meshConfig: readMeshConfig() });

test("the order of files does not matter", () => {
  const expected = run(meshFiles, symphony);
  expect(expected).not.toBeInstanceOf(CompileError);
  fc.assert(
    fc.property(fc.shuffledSubarray(meshFiles, { minLength: meshFiles.length }), (files) => {
      expect(run(files, symphony)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
});

test("of whatever is wrong, the order of files does not change what is told", () => {
  const files = texts.map((text, index) => ({ path: `${String(index)}.yaml`, text }));
  const told = (some: SourceFile[]): unknown => {
    const result = run(some);
    return result instanceof CompileError ? result.problems : result;
  };
  fc.assert(
    fc.property(fc.subarray(files), (some) => expect(told(some.toReversed())).toEqual(told(some))),
    { numRuns: 20 },
  );
});

test("every object is told of, with what it does or why it does nothing", () => {
  fc.assert(
    fc.property(fc.subarray(meshFiles), (files) => {
      const result = run(files, symphony);
      if (result instanceof CompileError) return;
      const count = files
        .flatMap(({ text }) => parseAllDocuments(text))
        .filter(({ contents }) => contents !== null).length;
      expect(result.objects).toHaveLength(count);
      for (const { effect } of result.objects) expect(effect).not.toBe("");
    }),
    { numRuns: 15 },
  );
});
