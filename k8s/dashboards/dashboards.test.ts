import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Dashboard, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { type Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
import Ajv from "ajv";

import { projectRoot } from "../../lib/paths";
import { knownMetrics, parsePromql, problemsOf, withValues } from "../../test/support/promql";
import { dataSources } from "../platform/grafana";
import { createDashboards, queriesOf, renderDashboard } from "./dashboards";

const boards = [...createDashboards()];
const known = knownMetrics();
const queries = boards.flatMap(([, board]) => queriesOf(board));
const metricsDoc = readFileSync(join(projectRoot, "docs", "metrics.md"), "utf8");

const schema = JSON.parse(
  readFileSync(join(projectRoot, "k8s", "schemas", "dashboard.json"), "utf8"),
) as object;
const validate = new Ajv({ strict: false }).compile(schema);
const asJson = (board: Dashboard): unknown => JSON.parse(renderDashboard(board));

test.each(boards)("%s fits Grafana's own schema", (_name, board) => {
  expect({ fits: validate(asJson(board)), errors: validate.errors }).toEqual({ fits: true, errors: null });
});

test.each([
  ["a misspelt setting", { titel: "a" }],
  ["a panel of a kind that is not ours", { panels: [{ type: "grpah", id: 1 }] }],
  ["a time range that is none", { time: { from: 1 } }],
])("the schema refuses %s", (_what, change) => {
  const [, board] = boards[0]!;
  expect(validate({ ...(asJson(board) as object), ...change })).toBe(false);
});

test.each(queries)("$dashboard, $panel: $expr asks only for metrics and labels that exist", ({ expr }) => {
  expect(problemsOf(withValues(expr), known)).toEqual([]);
});

test("a metric or label that nobody gives, and what is no PromQL, would be noticed", () => {
  expect(problemsOf("sum(rate(http_request_total[1m]))", known)).toEqual([
    "unknown metric http_request_total",
  ]);
  expect(problemsOf(`orders_total{state="a"}`, known)).toEqual(["unknown label state"]);
  expect(problemsOf("sum(rate(orders_total[1m])", known)[0]).toContain("no PromQL");
});

test("exemplars are asked of the histograms that have them, and of no others", () => {
  const withExemplars = new Set(
    [...metricsDoc.matchAll(/^\| `(\w+)` +\| histogram, exemplars/gm)].map(
      ([, name = ""]) => `${name}_bucket`,
    ),
  );
  for (const { expr, exemplars } of queries) {
    const can = parsePromql(withValues(expr)).metrics.every((name) => withExemplars.has(name));
    expect({ expr, exemplars }).toEqual({ expr, exemplars: can });
  }
});

test("every panel has a title and its own place, and asks a data source that is provisioned", () => {
  const uids = dataSources.datasources.map(({ uid }) => uid as string);
  for (const [name, board] of boards) {
    const panels = (board.panels ?? []).filter(({ type }) => type !== "row") as Panel[];
    const places = panels.map(({ gridPos }) => `${String(gridPos?.x)},${String(gridPos?.y)}`);
    expect({ name, places: new Set(places).size }).toEqual({ name, places: panels.length });
    for (const panel of panels) {
      expect(panel.title).toMatch(/\S/);
      expect((panel.gridPos?.x ?? 24) + (panel.gridPos?.w ?? 24)).toBeLessThanOrEqual(24);
      const asked = (panel.targets as Dataquery[]).map(({ datasource }) => datasource?.uid);
      expect(uids).toEqual(expect.arrayContaining(asked));
    }
  }
  const ids = boards.map(([, { uid }]) => uid);
  expect(new Set(ids).size).toBe(ids.length);
});

test("exemplars and log lines lead to the trace, and a trace to its log lines", () => {
  const [prometheus, jaeger, loki] = dataSources.datasources;
  expect(prometheus.jsonData.exemplarTraceIdDestinations).toEqual([
    { name: "trace_id", datasourceUid: jaeger.uid },
  ]);
  const [field] = loki.jsonData.derivedFields;
  const line = `{"level":"info","service":"order","trace_id":"${"a".repeat(32)}","msg":"request"}`;
  expect(new RegExp(field.matcherRegex).exec(line)?.[1]).toBe("a".repeat(32));
  expect(field.datasourceUid).toBe(jaeger.uid);
  expect(jaeger.jsonData.tracesToLogsV2.datasourceUid).toBe(loki.uid);
});
