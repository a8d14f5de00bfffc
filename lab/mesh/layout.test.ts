import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeSocketFolder, meshLayout, socketFolder } from "./layout";

test("sockets lie below the state, or in the temporary folder where their path would be too long", () => {
  expect(socketFolder("/home/somebody/symphony/.symphony")).toBe(
    "/home/somebody/symphony/.symphony/run/sockets",
  );
  const deep = `/home/${"folder/".repeat(12)}symphony`;
  const short = socketFolder(deep, "/tmp");
  expect(short).toMatch(/^\/tmp\/symphony-[0-9a-f]{12}$/);
  expect(socketFolder(deep, "/tmp")).toBe(short);
  expect(() => socketFolder(deep, `/${"t".repeat(100)}`)).toThrow(/too long for a Unix domain socket/);
});

test("the folder of the sockets is empty, and its owner's alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "symphony-sockets-"));
  writeFileSync(join(folder, "old"), "");
  makeSocketFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(() => statSync(join(folder, "old"))).toThrow();
  rmSync(folder, { recursive: true });
});

test("a resource's name makes one file name", () => {
  const { path } = meshLayout("/state");
  expect(path("order", "rds", "a/b:8080")).toBe("/state/mesh/proxies/order/rds/a%2Fb%3A8080.json");
  expect(path("order", "lds")).toBe("/state/mesh/proxies/order/lds.json");
});
