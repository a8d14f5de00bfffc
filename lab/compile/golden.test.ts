import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { stringify } from "yaml";

import { goldenPaths } from "../../test/support/compile";
import {
  type CompileCase as Case,
  compileCases as cases,
  compileData as data,
} from "../../test/support/compile-cases";
import { compile } from "./compile";
import { toStaticBootstrap } from "./static";
import { type Compiled, CompileError, formatProblem, type Json, type ProxyConfig } from "./types";

const updating = process.env.GOLDEN_UPDATE === "1";

function tryCompile({ files, world }: Pick<Case, "files" | "world">): Compiled | string {
  try {
    return compile(files, world, goldenPaths);
  } catch (error) {
    if (error instanceof CompileError) return `${error.problems.map(formatProblem).join("\n")}\n`;
    throw error;
  }
}

/** Access logs are the same everywhere, and would be half of every golden. */
const shown = (name: string, value: Json): Json =>
  JSON.parse(
    JSON.stringify(value, (key, field: Json) =>
      key === "access_log" && !name.startsWith("access-log") ? undefined : field,
    ),
  ) as Json;

function render(golden: Case, compiled: Compiled): string {
  const known = new Set<string>();
  const reference =
    golden.beside === undefined ? undefined : tryCompile({ files: golden.beside, world: golden.world });
  if (reference !== undefined && typeof reference !== "string")
    for (const [name, config] of reference.proxies)
      for (const resource of resourcesOf(config)) known.add(`${name} ${JSON.stringify(resource)}`);
  const paths = new Set(golden.files.map(({ path }) => path));
  for (const { path } of golden.beside ?? []) paths.delete(path);
  const isNew =
    golden.beside === undefined || golden.beside.length === 0
      ? () => true
      : ({ file }: { file: string }) => paths.has(file);
  const proxies = [...compiled.proxies].map(([name, config]) => {
    const fresh = (resource: Json): boolean => !known.has(`${name} ${JSON.stringify(resource)}`);
    const part = {
      listeners: config.listeners.filter(fresh),
      clusters: config.clusters.filter(fresh),
      routes: Object.values(config.routes).filter(fresh),
      endpoints: Object.values(config.endpoints).filter(fresh),
      origins: config.origins
        .filter(isNew)
        .map(({ resource, file, line }) => `${resource}: ${file}:${String(line)}`),
    };
    return [name, Object.fromEntries(Object.entries(part).filter(([, list]) => list.length > 0))] as const;
  });
  const objects = compiled.objects
    .filter(isNew)
    .map(({ kind, namespace, name, effect }) => `${kind} ${namespace}/${name}: ${effect}`);
  const content = {
    objects,
    ...Object.fromEntries(proxies.filter(([, part]) => Object.keys(part).length > 0)),
  };
  return stringify(shown(golden.name, content as Json), { aliasDuplicateObjects: false, lineWidth: 0 });
}

const resourcesOf = (config: ProxyConfig): Json[] => [
  ...config.listeners,
  ...config.clusters,
  ...Object.values(config.routes),
  ...Object.values(config.endpoints),
];

test.each(cases)("$name compiles as before", (golden) => {
  const result = tryCompile(golden);
  const [ending, stale] = typeof result === "string" ? [".err.txt", ".out.yaml"] : [".out.yaml", ".err.txt"];
  const text = typeof result === "string" ? result : render(golden, result);
  const file = join(data, golden.name + ending);
  if (updating) {
    writeFileSync(file, text);
    rmSync(join(data, golden.name + stale), { force: true });
  }
  expect(existsSync(file) ? text : `no golden ${basename(file)}; npm run golden:update makes it`).toBe(
    existsSync(file) ? readFileSync(file, "utf8") : text,
  );
});

test("no golden file is left over", () => {
  const names = cases.map(({ name }) => name);
  const stale = readdirSync(data).filter((file) => {
    const name = /^(.*)\.(out\.yaml|err\.txt)$/.exec(file)?.[1];
    return name !== undefined && !names.includes(name);
  });
  if (updating) for (const file of stale) rmSync(join(data, file));
  else expect(stale).toEqual([]);
});

/** Where Envoy is, or nowhere. */
const envoy = process.env.ENVOY_BIN;
const withEnvoy = envoy === undefined ? test.skip : test;

withEnvoy("Envoy takes every golden (skipped where ENVOY_BIN is not set)", () => {
  const configs = cases.flatMap((golden) => {
    const compiled = tryCompile(golden);
    return typeof compiled === "string" ? [] : [...compiled.proxies.values()];
  });
  const folder = mkdtempSync(join(tmpdir(), "symphony-validate-"));
  try {
    const file = join(folder, "envoy.json");
    writeFileSync(file, JSON.stringify(toStaticBootstrap(configs)));
    const output = execFileSync(envoy ?? "", ["--mode", "validate", "-c", file, "-l", "error"], {
      encoding: "utf8",
      stdio: "pipe",
    });
    expect(output).toContain("OK");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
