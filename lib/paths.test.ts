import { existsSync } from "node:fs";
import { join } from "node:path";

import { projectRoot, sourceFolder } from "./paths";

test("the root is where package.json lies", () => {
  expect(existsSync(join(projectRoot, "package.json"))).toBe(true);
});

test.each([
  ["dist/services/order", "services/order"],
  ["services/order", "services/order"],
  ["lib", "lib"],
])("the sources of %s lie in %s", (folder, source) => {
  expect(sourceFolder(join(projectRoot, folder))).toBe(join(projectRoot, source));
});
