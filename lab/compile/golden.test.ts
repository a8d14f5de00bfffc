import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

import { stringify } from "yaml";

import {
  type CompileCase as Case,
  compileCases as cases,
  compileData as data,
  tryCompile,
} from "../../test/support/compile-cases";
import { type Compiled, type Json, type ProxyConfig } from "./types";

const updating = process.env.GOLDEN_UPDATE === "1";

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
