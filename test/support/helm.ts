import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";

/** Whether a command is on the PATH. */
export function has(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

const kubernetes = "1.34.0";

/** What helm says on stdout; throws with all that it says where it fails. */
function helm(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("helm", args, { encoding: "utf8", maxBuffer: 16 * 2 ** 20 });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
  return stdout;
}

const chartFolder = (chart: string): string => join(projectRoot, "charts", chart);
const withValues = (files: readonly string[], set: readonly string[]): string[] => [
  "--namespace=symphony",
  `--kube-version=${kubernetes}`,
  ...files.map((file) => `--values=${file}`),
  ...set.map((pair) => `--set=${pair}`),
];

/** The rendered release, as text; throws with Helm's message. */
export function renderChart(
  chart: string,
  { release, files = [], set = [] }: { release: string; files?: string[]; set?: string[] },
): string {
  return helm(["template", release, chartFolder(chart), ...withValues(files, set)]);
}

/** Throws with what `helm lint` finds in a chart with these values, warnings too. */
export function lintChart(
  chart: string,
  { files = [], set = [] }: { files?: string[]; set?: string[] } = {},
): void {
  helm(["lint", "--strict", chartFolder(chart), ...withValues(files, set)]);
}

type Schema = { definitions: Record<string, { $ref?: string }> };

/**
 * Validates manifests (YAML texts) against k8s/schemas with kubeconform, which refuses unknown fields there.
 * PodMonitors are the Prometheus operator's, whose schema is not kept. Throws with what it found.
 */
export function validateManifests(texts: string[]): void {
  const folder = mkdtempSync(join(tmpdir(), "symphony-schemas-"));
  try {
    const schema = JSON.parse(
      readFileSync(join(projectRoot, "k8s", "schemas", "schema.json"), "utf8"),
    ) as Schema;
    for (const kind of Object.keys(schema.definitions).filter((name) => name.includes("/"))) {
      const own = { ...schema, $ref: schema.definitions[kind]?.$ref };
      const [group = "", version = "", name = version] = kind.split("/");
      // For the core group kubeconform takes the version for the group too.
      const file = `${name.toLowerCase()}-${group}-${name === version ? group : version}.json`;
      writeFileSync(join(folder, file), JSON.stringify(own));
    }
    const location = join(folder, "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json");
    execFileSync(
      "kubeconform",
      ["-strict", "-summary", "-skip=PodMonitor", `-schema-location=${location}`, "-"],
      {
        input: texts.join("\n---\n"),
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`${String(stdout ?? "")}${String(stderr ?? "")}` || String(error), { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
