import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs promtool in a folder with `files`; throws with what it said where it finds something wrong. */
export function promtool(args: readonly string[], files: Record<string, string>): void {
  const folder = mkdtempSync(join(tmpdir(), "symphony-promtool-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    execFileSync("promtool", args, { cwd: folder, stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    throw new Error(`${String(stdout ?? "")}${String(stderr ?? "")}` || String(error), { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
