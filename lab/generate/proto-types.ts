import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { promisify } from "node:util";

const generator = require.resolve("@grpc/proto-loader/build/bin/proto-loader-gen-types.js");

/** How messages look in TypeScript; has to agree with the loader options of lib/grpc-definition.ts. */
const shape = ["--keepCase", "--longs=Number", "--enums=String", "--defaults", "--oneofs"];

/** Writes the TypeScript types of every `.proto` file below `protoDir` to `outDir`, which is emptied first. */
export async function generateProtoTypes(protoDir: string, outDir: string): Promise<void> {
  const files = (await readdir(protoDir, { recursive: true })).filter((file) => file.endsWith(".proto"));
  await rm(outDir, { recursive: true, force: true });
  const options = [...shape, "--grpcLib=@grpc/grpc-js", `--outDir=${outDir}`, "--includeDirs", "."];
  await promisify(execFile)(process.execPath, [generator, ...options, "--", ...files.sort()], {
    cwd: protoDir,
  });
}
