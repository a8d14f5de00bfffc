import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { compileCases, tryCompile } from "../../test/support/compile-cases";
import { validate } from "../mesh/validate";
import { ensureEnvoy } from "../run/tools";
import { toStaticBootstrap } from "./static";

const folder = mkdtempSync(join(tmpdir(), "symphony-goldens-"));
let envoy: string;

beforeAll(async () => {
  envoy = await ensureEnvoy({ environment: process.env });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const goldens = compileCases.flatMap(({ name, ...golden }) => {
  const compiled = tryCompile(golden);
  return typeof compiled === "string" ? [] : [{ name, compiled }];
});

test.each(goldens)("Envoy takes what $name compiles to", ({ compiled }) =>
  validate(envoy, folder, toStaticBootstrap([...compiled.proxies.values()])),
);
