const tseslint = require("typescript-eslint");
const importX = require("eslint-plugin-import-x");
const sortImports = require("eslint-plugin-simple-import-sort");
const node = require("eslint-plugin-n");

const services = [
  "gateway",
  "user",
  "order",
  "inventory",
  "payment",
  "shipping",
  "notification",
  "audit",
  "analytics",
];

/** A service imports itself, lib/ and npm; lib/ imports no service and no lab. */
const message = "A service may import itself, lib/ and npm, nothing else; lib/ knows no service and no lab.";
const siblings = services.map((service) => ({
  target: `./services/${service}`,
  from: "./services",
  except: [`./${service}`],
  message,
}));
const outside = [
  { target: "./services", from: ["./lab", "./test"], message },
  { target: "./lib", from: ["./services", "./lab", "./test"], message },
];

module.exports = tseslint.config(
  {
    ignores: ["dist/**", ".symphony/**", "node_modules/**", "lib/proto/**", "k8s/imports/**", "coverage/**"],
  },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strict],
    plugins: { "import-x": importX, "simple-import-sort": sortImports, n: node },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    settings: { "import-x/resolver": { node: { extensions: [".ts", ".js"] } } },
    rules: {
      "import-x/no-restricted-paths": ["error", { zones: [...siblings, ...outside] }],
      "simple-import-sort/imports": "error",
      "simple-import-sort/exports": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false } }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "n/no-process-env": "error",
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      complexity: ["error", 12],
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["**/main.ts", "lab/**/*.ts", "test/**/*.ts", "**/*.test.ts", "lib/register.ts", "lib/service.ts"],
    rules: { "n/no-process-env": "off" },
  },
  {
    // Tests may use test/support, and through it what lab/ runs; never a neighbour.
    files: ["**/*.test.ts", "test/**/*.ts"],
    rules: {
      "import-x/no-restricted-paths": ["error", { zones: siblings }],
      "@typescript-eslint/no-non-null-assertion": "off",
      // A row of a table test has as many columns as it needs.
      "max-params": "off",
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "no-restricted-imports": [
        "error",
        {
          paths: [
            { name: "node:timers/promises", message: "Wait for a condition with waitFor, never sleep." },
          ],
        },
      ],
    },
  },
);
