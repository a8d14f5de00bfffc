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

const crossing = (name) => ({
  ...base,
  displayName: name,
  testMatch: [`<rootDir>/test/${name}/*.${name}.test.ts`],
});
/** On this machine each file starts a mesh of its own. On a cluster there is one for all: `npm run test:cluster`. */
const mesh = crossing("mesh");
const onCluster = process.env.SYMPHONY_TARGET === "kube";
/** These ask a cluster, or change what runs there, so they run only where they are asked for by name. */
const onDemand = [
  crossing("cluster"),
  ...(onCluster ? [mesh] : []),
  { ...base, displayName: "fidelity", testMatch: ["<rootDir>/lab/**/*.fidelity.test.ts"] },
  // Every experiment both ways, for an hour and more: npm run test:experiments selects.
  { ...base, displayName: "experiments", testMatch: ["<rootDir>/lab/**/*.experiments.test.ts"] },
];
const isAsked = ({ displayName }) =>
  process.argv.some((word) => word === displayName || word === `--selectProjects=${displayName}`);

/** @type {import("jest").Config} */
module.exports = {
  // Not more: Linux lets a user hold 128 inotify instances, and each of two files may run a mesh that takes 47.
  maxWorkers: 2,
  testSequencer: "<rootDir>/test/support/sequencer.js",
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
        "\\.experiments\\.test\\.ts$",
      ],
    },
    { ...base, ...infrastructure, displayName: "int", testMatch: ["<rootDir>/**/*.int.test.ts"] },
    { ...base, displayName: "system", testMatch: ["<rootDir>/**/*.system.test.ts"] },
    ...(onCluster ? [] : [mesh]),
    ...onDemand.filter(isAsked),
  ],
};
