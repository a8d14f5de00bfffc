import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir, userInfo } from "node:os";
import { join } from "node:path";

import { giveWay, goAhead, nicenessFor, readGroup } from "./niceness";
import { start, stop } from "./process";

/** A process's own niceness, and what its group says of itself. */
function rankOf(pid: number): { own: number; group: string } {
  const file = `/proc/${String(pid)}/autogroup`;
  return { own: getPriority(pid), group: existsSync(file) ? readFileSync(file, "utf8") : "" };
}

test("a process that has ended gives way to nobody", () => {
  expect(() => {
    giveWay(2 ** 30, 5);
  }).not.toThrow();
});

test("whoever may goes ahead, whoever may not stays where it is", async () => {
  const args = ["-e", "setInterval(() => {}, 1000)"];
  const child = start({ file: process.execPath, args, env: {} }, { detached: true });
  try {
    const pid = child.pid!;
    const before = rankOf(pid);
    const takeBack = goAhead(pid);
    // Also root may not in a container that was given no CAP_SYS_NICE.
    expect(userInfo().uid === 0 ? [-10, getPriority()] : [getPriority()]).toContain(getPriority(pid));
    takeBack();
    expect(rankOf(pid)).toEqual(before);
  } finally {
    await stop(child, "SIGKILL", 1000);
  }
});

test.each([
  ["a group's", "/autogroup-7 nice -3\n", -3],
  ["of a process in none", "", undefined],
  ["none", undefined, undefined],
])("the file is %s", (_what, content, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "symphony-autogroup-"));
  const file = join(folder, "autogroup");
  if (content !== undefined) writeFileSync(file, content);
  expect(readGroup(file)).toBe(expected);
  rmSync(folder, { recursive: true });
});

test.each([
  [1, 0],
  [1 / 3, 5],
  [1 / 10, 10],
])("a share of %p is %p steps", (share, expected) => {
  expect(nicenessFor(share)).toBe(expected);
});
