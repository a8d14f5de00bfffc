import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type ServiceName, serviceNames } from "../../lib/events";
import { environmentFailure, fromDiskError } from "./failure";

export type Credentials = { email: string; password: string };

/** Random passwords of one state folder, made on the first run. */
export type Secrets = {
  postgres: string;
  /** The database role of each service. */
  roles: Record<ServiceName, string>;
  nats: { user: string; password: string };
  admin: Credentials;
  /** What `./symphony order` and `load` register their users with. */
  demo: Credentials;
};

const random = (): string => randomBytes(18).toString("base64url");

/** Reads `secrets.json` of the state folder, or makes it; only its owner may read it. */
export async function loadSecrets(state: string): Promise<Secrets> {
  const file = join(state, "secrets.json");
  const content = await readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fromDiskError(error, file);
  });
  if (content !== undefined) {
    try {
      return JSON.parse(content) as Secrets;
    } catch (error) {
      throw environmentFailure("state.broken", `${file} is not JSON`, "run ./symphony reset", error);
    }
  }
  const secrets: Secrets = {
    postgres: random(),
    roles: Object.fromEntries(serviceNames.map((name) => [name, random()])) as Record<ServiceName, string>,
    nats: { user: "symphony", password: random() },
    admin: { email: "admin@symphony.example", password: random() },
    demo: { email: "demo@symphony.example", password: random() },
  };
  try {
    await mkdir(state, { recursive: true });
    await writeFile(`${file}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    await chmod(`${file}.new`, 0o600);
    await rename(`${file}.new`, file);
  } catch (error) {
    throw fromDiskError(error, file);
  }
  return secrets;
}
