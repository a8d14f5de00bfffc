import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { projectRoot } from "../../lib/paths";
import { describeMetrics, metricsMarkdown } from "./metrics-doc";

const metrics = describeMetrics().flatMap((owner) => owner.metrics);

test("docs/metrics.md is what the code registers (npm run generate)", async () => {
  expect(await readFile(join(projectRoot, "docs/metrics.md"), "utf8")).toBe(metricsMarkdown());
});

test.each(metrics)("$name keeps Prometheus' conventions", ({ name, type, help, buckets, exemplars }) => {
  expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
  expect(name.endsWith("_total")).toBe(type === "counter");
  if (type === "histogram") {
    expect(name).toMatch(/_seconds$/);
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
    expect(exemplars).toBe(true);
  }
  expect(help).toMatch(/^[A-Z].*[^.]$/);
});

test("no metric is registered by two owners", () => {
  const names = metrics.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
