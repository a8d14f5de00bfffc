import { createLog } from "./log";
import { runShutdown } from "./shutdown";

test("steps run in order, one after the other, also past one that fails", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("test", "info", {
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const seen: string[] = [];
  const step = (name: string, stop?: () => void) => ({
    name,
    async stop() {
      seen.push(`${name} begins`);
      await Promise.resolve();
      stop?.();
      seen.push(`${name} ends`);
    },
  });
  const fail = () => {
    throw new Error("no");
  };
  await runShutdown([step("servers"), step("relay", fail), step("database")], log);
  expect(seen).toEqual([
    "servers begins",
    "servers ends",
    "relay begins",
    "database begins",
    "database ends",
  ]);
  expect(lines).toEqual([expect.objectContaining({ level: "error", step: "relay" })]);
});
