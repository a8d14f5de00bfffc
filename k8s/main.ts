import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { render, synthesize } from "./platform/synth";

const folder = join(process.cwd(), "k8s", "dist");
mkdirSync(folder, { recursive: true });
for (const [name, manifests] of synthesize()) writeFileSync(join(folder, name), render(manifests));
