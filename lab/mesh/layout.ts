import { chmodSync, mkdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { CompileOptions } from "../compile/types";
import { environmentFailure, fromDiskError } from "../run/failure";
import { shortHash } from "../run/project";

/** A Unix domain socket's path has 104 bytes on macOS and 108 on Linux, the last one a zero. */
const maxSocketPath = 103;
const longestName = "notification-9.grpc";

/** Where the mesh of one state folder keeps its files. */
export type MeshLayout = {
  folder: string;
  /** Of one sidecar. */
  proxy(name: string): string;
  path: CompileOptions["path"];
};

/** `<state>/mesh`: the authority, the leases of faults, and a folder per sidecar. */
export function meshLayout(state: string): MeshLayout {
  const folder = join(state, "mesh");
  const proxy = (name: string): string => join(folder, "proxies", name);
  return {
    folder,
    proxy,
    path(name, kind, resource) {
      if (resource === undefined) return join(proxy(name), `${kind}.json`);
      return join(proxy(name), kind, `${encodeURIComponent(resource)}.json`);
    },
  };
}

/** The folder of a state's sockets: below it, or in the system's temporary folder where that path is too long. */
export function socketFolder(state: string, temporary: string = tmpdir()): string {
  const near = join(state, "run/sockets");
  const fits = (folder: string): boolean => Buffer.byteLength(join(folder, longestName)) <= maxSocketPath;
  if (fits(near)) return near;
  const short = join(temporary, `symphony-${shortHash(state)}`);
  if (fits(short)) return short;
  throw environmentFailure(
    "mesh.path_too_long",
    `${short} is too long for a Unix domain socket`,
    "set TMPDIR to a shorter path",
  );
}

/** Makes the folder of the sockets anew and empty; nobody but its owner may enter it. */
export function makeSocketFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (error) {
    throw fromDiskError(error, folder);
  }
  const owner = statSync(folder).uid;
  if (process.getuid !== undefined && owner !== process.getuid())
    throw environmentFailure("mesh.socket_folder", `${folder} belongs to somebody else`, "remove it");
}
