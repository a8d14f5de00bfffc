import { getPriority, userInfo } from "node:os";

import { giveWay, goAhead } from "./niceness";
import { start, stop } from "./process";

test("a process that has ended gives way to nobody", () => {
  expect(() => {
    giveWay(2 ** 30, 5);
  }).not.toThrow();
});

test("whoever may goes ahead, whoever may not stays where it is", async () => {
  const args = ["-e", "setInterval(() => {}, 1000)"];
  const child = start({ file: process.execPath, args, env: {} }, { detached: true });
  try {
    goAhead(child.pid);
    // Also root may not in a container that was given no CAP_SYS_NICE.
    expect(userInfo().uid === 0 ? [-10, getPriority()] : [getPriority()]).toContain(getPriority(child.pid));
  } finally {
    await stop(child, "SIGKILL", 1000);
  }
});
