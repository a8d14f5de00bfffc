import { goldenPaths } from "../../test/support/compile";
import { type CompileCase, compileCases } from "../../test/support/compile-cases";
import { compile } from "./compile";
import { type Compiled, type CompiledObject, CompileError, type SourceFile, type World } from "./types";

/** Says what holds without it too: a rule of one workload where the whole mesh has the same. */
const repeating = ["peer-authentication-mesh PeerAuthentication store"];

/** Undefined where it is refused. */
function run(files: SourceFile[], world: World): Compiled | undefined {
  try {
    return compile(files, world, goldenPaths);
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/** What the proxies are told, without where it comes from. */
const told = ({ proxies }: Compiled): string =>
  JSON.stringify([...proxies].map(([name, config]) => [name, { ...config, origins: undefined }]));

/** The text with the object that stands at the line taken away, and the lines of the others as they were. */
function without({ text, path }: SourceFile, { line }: CompiledObject): SourceFile {
  const starts = [...text.matchAll(/^---(?=\s|$)/gm)].map(({ index }) => index);
  const at = text.split("\n", line - 1).join("\n").length + 1;
  const start = Math.max(0, ...starts.filter((index) => index < at));
  const end = starts.find((index) => index >= at) ?? text.length;
  const blank = text.slice(start, end).replace(/^(?!---).*$/gm, "");
  return { path, text: text.slice(0, start) + blank + text.slice(end) };
}

const cases = compileCases.filter(
  ({ name, files, beside, world }) =>
    (name === "mesh-base" || beside === undefined || beside.length === 0) && run(files, world) !== undefined,
);

function claimsOf({ name, files, world }: CompileCase): { claim: string; effective: boolean }[] {
  const all = run(files, world);
  return (all?.objects ?? []).flatMap((object) => {
    const fewer = run(
      files.map((file) => (file.path === object.file ? without(file, object) : file)),
      world,
    );
    // Others need it: it has an effect, though not one that could be seen by its absence.
    if (all === undefined || fewer === undefined) return [];
    expect(fewer.objects).toHaveLength(all.objects.length - 1);
    const claim = `${name} ${object.kind} ${object.name}: ${object.effect}`;
    return [{ claim, effective: told(fewer) !== told(all) }];
  });
}

test.each(cases)("of $name each object changes something, or is told to do nothing", (one) => {
  const wrong = claimsOf(one).filter(
    ({ claim, effective }) =>
      effective === claim.includes(": none: ") && !repeating.some((known) => claim.startsWith(known)),
  );
  expect(wrong).toEqual([]);
});
