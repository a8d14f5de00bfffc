import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { render, renderExtras, synthesize } from "./platform/synth";

const texts = new Map([
  ...[...synthesize()].map(([name, manifests]): [string, string] => [name, render(manifests)]),
  ...renderExtras(),
]);
for (const [name, text] of texts) {
  const file = join(process.cwd(), "k8s", "dist", name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
