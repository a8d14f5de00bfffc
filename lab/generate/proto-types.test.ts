import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { generateProtoTypes } from "./proto-types";

const root = join(__dirname, "../..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "symphony-proto-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function readTree(from: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const name of (await readdir(from, { recursive: true })).sort()) {
    const path = join(from, name);
    if ((await stat(path)).isFile()) tree[name] = await readFile(path, "utf8");
  }
  return tree;
}

test("lib/proto is what the .proto files generate", async () => {
  await generateProtoTypes(join(root, "proto"), join(folder, "types"));
  expect(await readTree(join(root, "lib/proto"))).toEqual(await readTree(join(folder, "types")));
});
