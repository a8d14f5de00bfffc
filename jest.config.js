const swcOptions = JSON.parse(require("node:fs").readFileSync(`${__dirname}/.swcrc`, "utf8"));
const base = {
  testEnvironment: "node",
  rootDir: __dirname,
  modulePathIgnorePatterns: ["<rootDir>/dist", "<rootDir>/.symphony"],
  transform: { "\\.ts$": ["@swc/jest", { ...swcOptions, swcrc: false, sourceMaps: "inline" }] },
};
const infrastructure = {
  globalSetup: "<rootDir>/test/support/global-setup.ts",
  globalTeardown: "<rootDir>/test/support/global-teardown.ts",
};

/** @type {import("jest").Config} */
module.exports = {
  maxWorkers: 2,
  projects: [
    {
      ...base,
      displayName: "unit",
      testMatch: ["<rootDir>/{lib,services,lab,test,k8s}/**/*.test.ts"],
      testPathIgnorePatterns: ["\\.int\\.test\\.ts$", "\\.system\\.test\\.ts$"],
    },
    { ...base, ...infrastructure, displayName: "int", testMatch: ["<rootDir>/**/*.int.test.ts"] },
    { ...base, displayName: "system", testMatch: ["<rootDir>/**/*.system.test.ts"] },
  ],
};
