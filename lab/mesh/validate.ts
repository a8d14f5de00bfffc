import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Json } from "../compile/types";
import { exitOf, start } from "../run/process";
import { findRejection, Rejected, withoutMessage } from "./proxy";
import { isObject, withoutType, type XdsFiles } from "./xds-files";

/**
 * Has Envoy check what a sidecar would be told without serving it, for what only Envoy can judge: the insides of
 * EnvoyFilters. Rejects with `Rejected` and Envoy's words.
 */
export function validateFiles(binary: string, folder: string, files: XdsFiles): Promise<void> {
  return validate(binary, folder, asBootstrap(files));
}

/** Has Envoy check a bootstrap, with scratch files below `folder`. Rejects with `Rejected` and Envoy's words. */
export async function validate(binary: string, folder: string, bootstrap: Json): Promise<void> {
  const scratch = await mkdtemp(join(folder, "validate-"));
  try {
    const file = join(scratch, "bootstrap.json");
    await writeFile(file, JSON.stringify(bootstrap), { mode: 0o600 });
    // Into a file: access logs name /dev/stdout, which Envoy can only open where it is one.
    const output = await open(join(scratch, "output"), "w+");
    try {
      const args = ["--mode", "validate", "--config-path", file, "--log-level", "error"];
      const command = {
        file: binary,
        args: [...args, "--skip-deprecated-logs"],
        env: { TZ: "UTC" },
        cwd: scratch,
      };
      const { code } = await exitOf(start(command, { detached: false, output: output.fd }));
      if (code !== 0) throw new Rejected(reasonIn(await readFile(join(scratch, "output"), "utf8")));
    } finally {
      await output.close();
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function reasonIn(output: string): string {
  const critical = /error initializing configuration '[^']*': (.*)/s.exec(output)?.[1];
  const lines = critical?.split("\n").filter((line) => !/^\[\d{4}-|^error initializing/.test(line));
  const reason = lines?.join(" ").replaceAll(/\s+/g, " ") ?? output.trim().slice(-500);
  const unknown = /message (\S+), near \S+ \(offset \d+\): (.*)\) has unknown fields/.exec(reason);
  if (unknown !== null) return `${String(unknown[1])}: ${String(unknown[2])}`;
  return findRejection(output) ?? withoutMessage(reason);
}

/** Everything in one file: what is validated loads no routes from elsewhere. */
function asBootstrap({ listeners, clusters, routes }: XdsFiles): Json {
  const inline = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(inline);
    if (!isObject(value)) return value;
    const { rds, ...rest } = value;
    const name = isObject(rds) && typeof rds.route_config_name === "string" ? rds.route_config_name : "";
    const route = routes.get(name)?.resources[0];
    if (route !== undefined) return { ...rest, route_config: withoutType(route) };
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inline(entry)]));
  };
  return {
    node: { id: "validate", cluster: "validate" },
    static_resources: {
      listeners: listeners.resources.map((listener) => withoutType(inline(listener))),
      clusters: clusters.resources.map(withoutType),
    },
  };
}
