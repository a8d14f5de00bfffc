import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LeaseFile, secondsLeft } from "./leases";

const folder = mkdtempSync(join(tmpdir(), "symphony-leases-"));
const path = join(folder, "leases.json");
afterAll(() => rmSync(folder, { recursive: true }));

const lease = (name: string, until = "2026-01-01T00:10:00.000Z") => ({
  name,
  since: "2026-01-01T00:00:00.000Z",
  until,
  before: {},
});

test("leases are kept in the file until they are removed", async () => {
  const leases = new LeaseFile(path);
  await leases.add(lease("payment-delay"));
  await leases.add(lease("order-delay"));
  await leases.add(lease("payment-delay", "2026-01-01T00:20:00.000Z"));
  expect(LeaseFile.read(path)).toEqual([
    lease("order-delay"),
    lease("payment-delay", "2026-01-01T00:20:00.000Z"),
  ]);
  expect(await leases.remove("order-delay")).toMatchObject({ name: "order-delay" });
  expect(await leases.remove("order-delay")).toBeUndefined();
  expect(LeaseFile.read(path).map(({ name }) => name)).toEqual(["payment-delay"]);
  leases.clear();
  expect(existsSync(path)).toBe(false);
});

test.each([
  ["no file", undefined],
  ["a file cut short by a crash", '[{"name":'],
])("%s says that nothing was broken", (_, text) => {
  rmSync(path, { force: true });
  if (text !== undefined) writeFileSync(path, text);
  expect(LeaseFile.read(path)).toEqual([]);
});

test.each([
  ["2026-01-01T00:00:00.000Z", 600],
  ["2026-01-01T00:09:59.500Z", 1],
  ["2026-01-01T00:11:00.000Z", 0],
])("at %s there are %s s left", (now, seconds) => {
  expect(secondsLeft(lease("payment-delay"), Date.parse(now))).toBe(seconds);
});
