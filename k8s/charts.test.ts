import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parseAllDocuments } from "yaml";

import { serviceNames } from "../lib/events";
import { projectRoot } from "../lib/paths";
import { has, lintChart, renderChart, validateManifests } from "../test/support/helm";

const data = join(projectRoot, "charts", "testdata");
const updating = process.env.GOLDEN_UPDATE === "1";

type Case = { chart: string; name: string };
const cases: Case[] = readdirSync(data)
  .flatMap((chart) => readdirSync(join(data, chart)).map((file) => ({ chart, file })))
  .filter(({ file }) => file.endsWith(".in.yaml"))
  .map(({ chart, file }) => ({ chart, name: file.replace(".in.yaml", "") }));

function valuesOf({ chart, name }: Case): string[] {
  const files = [join(data, chart, `${name}.in.yaml`)];
  if (name === "production") files.unshift(join(projectRoot, "charts", chart, "values-production.yaml"));
  return files;
}

function render(one: Case): string {
  const release = one.chart === "symphony" ? "symphony" : "release";
  return renderChart(one.chart, { release, files: valuesOf(one) });
}

// REQUIRE_CLUSTER_TOOLS=1 makes a missing tool a failure.
const required = process.env.REQUIRE_CLUSTER_TOOLS === "1";
const withHelm = has("helm") || required ? describe : describe.skip;
const withKubeconform = has("kubeconform") || required ? test : test.skip;

withHelm("charts (skipped where helm is not on the PATH)", () => {
  test.each(cases)("$chart renders $name as before", ({ chart, name }) => {
    const file = join(data, chart, `${name}.out.yaml`);
    const rendered = render({ chart, name });
    if (updating) writeFileSync(file, rendered);
    expect(rendered).toBe(readFileSync(file, "utf8"));
  });

  test.each(cases)("helm lint has nothing to say about $chart with the values of $name", (one) => {
    expect(() => {
      lintChart(one.chart, { files: valuesOf(one) });
    }).not.toThrow();
  });

  test("helm lint refuses a misspelt value", () => {
    expect(() => {
      lintChart("symphony", { set: ["order.replcas=2"] });
    }).toThrow("additional properties 'replcas' not allowed");
  });

  test("no golden file is left over", () => {
    const stale = readdirSync(data)
      .flatMap((chart) => readdirSync(join(data, chart)).map((file) => join(data, chart, file)))
      .filter((file) => file.endsWith(".out.yaml") && !existsSync(file.replace(".out.yaml", ".in.yaml")));
    if (updating) for (const file of stale) rmSync(file);
    else expect(stale).toEqual([]);
  });

  test.each([
    ["service", "replcas=2", "additional properties 'replcas' not allowed"],
    ["service", "image.tga=1", "additional properties 'tga' not allowed"],
    ["service", "autoscaling.enabled=yes please", "/autoscaling/enabled': got string, want boolean"],
    ["service", "ports.http=80", "/ports/http"],
    ["service", "env.lower=1", "invalid propertyName 'lower'"],
    ["service", "secretEnv.DATABASE_URL.secret=a", "missing property 'key'"],
    ["service", "image.digest=latest", "/image/digest"],
    ["service", "global.image.repo=a", "additional properties 'repo' not allowed"],
    ["symphony", "ordr.replicas=2", "additional properties 'ordr' not allowed"],
    ["symphony", "order.replcas=2", "additional properties 'replcas' not allowed"],
    ["symphony", "order.canary.image.tga=2", "additional properties 'tga' not allowed"],
  ])("%s refuses %s", (chart, pair, reason) => {
    expect(() => renderChart(chart, { release: "symphony", set: [pair] })).toThrow(reason);
  });

  test.each([
    ["service", "closed"],
    ["symphony", "closed"],
  ])("the schema of %s is %s at every level and describes what it takes", (chart) => {
    type Node = {
      type?: unknown;
      description?: string;
      additionalProperties?: unknown;
      properties?: Record<string, Node>;
      items?: Node;
    };
    const open: string[] = [];
    const walk = (node: Node, path: string): void => {
      // The aliases of the umbrella are closed by the schema of the chart that they are.
      const alias = chart === "symphony" && (serviceNames as readonly string[]).includes(path.slice(1));
      if (node.type === "object" && node.additionalProperties === undefined && !alias) open.push(path);
      for (const [name, one] of Object.entries(node.properties ?? {})) walk(one, `${path}/${name}`);
      if (node.items !== undefined) walk(node.items, `${path}/*`);
    };
    const schema = JSON.parse(
      readFileSync(join(projectRoot, "charts", chart, "values.schema.json"), "utf8"),
    ) as Node;
    walk(schema, "");
    expect(open).toEqual([]);
    const undescribed = Object.entries(schema.properties ?? {}).filter(([, { description }]) => !description);
    expect(undescribed.map(([name]) => name)).toEqual([]);
  });

  test("the umbrella has every service and no other", () => {
    const objects = parseAllDocuments(render({ chart: "symphony", name: "default" })).map(
      (document) => document.toJS() as { kind: string; metadata: { name: string } },
    );
    const deployed = objects.filter(({ kind }) => kind === "Deployment").map(({ metadata }) => metadata.name);
    expect(deployed.sort()).toEqual([...serviceNames].sort());
  });

  withKubeconform(
    "every object fits Kubernetes' own schemas (skipped where kubeconform is not on the PATH)",
    () => {
      validateManifests(cases.map(render));
    },
  );
});
