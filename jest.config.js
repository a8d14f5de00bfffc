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

/** Need a cluster and change what runs there, so they run only where they are asked for by name. */
const onDemand = ["mesh", "cluster"].map((name) => ({
  ...base,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/*.${name}.test.ts`],
}));
/** Asks a real istiod, so it runs only where it is asked for by name. */
const fidelity = { ...base, displayName: "fidelity", testMatch: ["<rootDir>/lab/**/*.fidelity.test.ts"] };
const isAsked = ({ displayName }) =>
  process.argv.some((word) => word === displayName || word === `--selectProjects=${displayName}`);

/** @type {import("jest").Config} */
module.exports = {
  maxWorkers: 2,
  // For hooks too. Tests wait for conditions; how long that may take says nothing about what is tested.
  testTimeout: 60_000,
  projects: [
    {
      ...base,
      displayName: "unit",
      testMatch: ["<rootDir>/{lib,services,lab,test,k8s}/**/*.test.ts"],
      testPathIgnorePatterns: [
        "\\.int\\.test\\.ts$",
        "\\.system\\.test\\.ts$",
        "\\.mesh\\.test\\.ts$",
        "\\.cluster\\.test\\.ts$",
        "\\.fidelity\\.test\\.ts$",
      ],
    },
    { ...base, ...infrastructure, displayName: "int", testMatch: ["<rootDir>/**/*.int.test.ts"] },
    { ...base, displayName: "system", testMatch: ["<rootDir>/**/*.system.test.ts"] },
    ...[...onDemand, fidelity].filter(isAsked),
  ],
};
