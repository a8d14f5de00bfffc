import { readFileSync } from "node:fs";
import { join } from "node:path";

import { stringify } from "yaml";

import { serviceNames } from "../../lib/events";
import { projectRoot } from "../../lib/paths";
import { has } from "../../test/support/helm";
import { knownMetrics, problemsOf } from "../../test/support/promql";
import { promtool } from "../../test/support/promtool";
import { alerts } from "./alerts";
import { ruleFile, runbookOf } from "./rules";

type Series = Record<string, string>;
type Labels = Record<string, string>;
/**
 * Series are given a value per `step`, which is a minute where it is left out; after `at` the alert fires with `fires`'
 * labels, or is quiet where it has none.
 */
type Case = [alert: string, state: string, at: string, fires: Labels[], series: Series, step?: string];

const gateway = (status: number): string =>
  `gateway_requests_total{service="order",method="POST",status="${status}"}`;
const took = (suffix: string): string => `gateway_request_duration_seconds${suffix}`;
const bucket = `${took("_bucket")}{service="order",method="POST",le="1.0"}`;
const count = `${took("_count")}{service="order",method="POST"}`;
const hosts = (metric: string): string =>
  `envoy_cluster_${metric}{app="order",callee="payment",cluster_name="outbound|8080||payment.symphony.svc.cluster.local"}`;
const ejected = hosts("outlier_detection_ejections_active");
const members = hosts("membership_total");
const certificate = `istio_agent_cert_expiry_seconds{namespace="symphony",app="order",pod="order-1",resource_name="default"}`;
const root = `citadel_server_root_cert_expiry_timestamp{namespace="istio-system",app="istiod"}`;
const ups = (missing?: string): Series =>
  Object.fromEntries(
    serviceNames
      .filter((name) => name !== missing)
      .map((name) => [`up{namespace="symphony",app="${name}",pod="${name}-1"}`, "1x30"]),
  );

const cases: Case[] = [
  [
    "OrderAvailabilityBurnsFast",
    "a fault fails every tenth request for ten minutes",
    "70m",
    [{ severity: "page" }],
    { [gateway(201)]: "0+100x60 6100+90x10", [gateway(503)]: "0+0x60 0+10x10" },
  ],
  [
    "OrderAvailabilityBurnsFast",
    "it is over, though the hour still shows it",
    "110m",
    [],
    { [gateway(201)]: "0+100x60 6100+90x10 7000+100x40", [gateway(503)]: "0+0x60 0+10x10 100+0x40" },
  ],
  [
    "OrderAvailabilityBurnsFast",
    "one request in two thousand fails",
    "70m",
    [],
    { [gateway(201)]: "0+1999x70", [gateway(503)]: "0+1x70" },
  ],
  [
    "OrderAvailabilityBurnsFast",
    "customers make mistakes",
    "70m",
    [],
    { [gateway(201)]: "0+100x70", [gateway(402)]: "0+50x70", [gateway(429)]: "0+50x70" },
  ],
  ["OrderAvailabilityBurnsFast", "nobody orders anything", "70m", [], { [gateway(201)]: "100x70" }],
  [
    "OrderAvailabilityBurnsSlowly",
    "one request in two hundred fails for a day",
    "25h",
    [{ severity: "ticket" }],
    { [gateway(201)]: "0+199x1500", [gateway(503)]: "0+1x1500" },
  ],
  [
    "OrderAvailabilityBurnsSlowly",
    "one request in two thousand fails for a day",
    "25h",
    [],
    { [gateway(201)]: "0+1999x1500", [gateway(503)]: "0+1x1500" },
  ],
  [
    "OrderLatencyBurnsFast",
    "every fourth order takes longer than a second",
    "65m",
    [{ severity: "page" }],
    { [bucket]: "0+75x65", [count]: "0+100x65" },
  ],
  [
    "OrderLatencyBurnsFast",
    "one order in two hundred takes longer than a second",
    "65m",
    [],
    { [bucket]: "0+199x65", [count]: "0+200x65" },
  ],
  [
    "OrderLatencyBurnsSlowly",
    "one order in twenty takes longer than a second, for a day",
    "25h",
    [{ severity: "ticket" }],
    { [bucket]: "0+95x1500", [count]: "0+100x1500" },
  ],
  [
    "OrderLatencyBurnsSlowly",
    "one order in two hundred takes longer than a second",
    "25h",
    [],
    { [bucket]: "0+199x1500", [count]: "0+200x1500" },
  ],
  ["SagaStuck", "an order stays", "4m", [{ severity: "page" }], { 'saga_stuck{service="order"}': "0 1x5" }],
  ["SagaStuck", "it was seen once", "4m", [], { 'saga_stuck{service="order"}': "0 1 0x5" }],
  [
    "DeadLettersGrow",
    "an event is given up",
    "6m",
    [{ service: "payment", severity: "ticket" }],
    { 'dead_letters_stored{service="payment"}': "2x3 3x5", 'dead_letters_stored{service="audit"}': "7x8" },
  ],
  [
    "DeadLettersGrow",
    "old ones lie there, and some are replayed",
    "6m",
    [],
    { 'dead_letters_stored{service="payment"}': "7x3 2x5", 'dead_letters_stored{service="audit"}': "7x8" },
  ],
  [
    "OutboxOld",
    "the broker is away",
    "4m",
    [{ service: "order", severity: "page" }],
    { 'outbox_oldest_pending_seconds{service="order"}': "0 60 120 180 240" },
  ],
  [
    "OutboxOld",
    "the broker was restarted",
    "4m",
    [],
    { 'outbox_oldest_pending_seconds{service="order"}': "0 12 0 0 0" },
  ],
  [
    "EventsParked",
    "one is parked",
    "4m",
    [{ service: "order", severity: "ticket" }],
    { 'outbox_parked_events{service="order"}': "0 1x4" },
  ],
  ["EventsParked", "none is", "4m", [], { 'outbox_parked_events{service="order"}': "0x4" }],
  [
    "ConsumerBehind",
    "it stays behind",
    "10m",
    [{ service: "audit", severity: "ticket" }],
    { 'consumer_lag_events{service="audit"}': "0 5000x10" },
  ],
  [
    "ConsumerBehind",
    "it catches up",
    "10m",
    [],
    { 'consumer_lag_events{service="audit"}': "0 5000 3000 500 0x10" },
  ],
  [
    "BreakerOpen",
    "both hosts are ejected",
    "4m",
    [{ app: "order", callee: "payment", severity: "page" }],
    { [ejected]: "0 2 2 2 2", [members]: "2x5" },
  ],
  ["BreakerOpen", "one host of two is ejected", "4m", [], { [ejected]: "0 1 1 1 1", [members]: "2x5" }],
  ["BreakerOpen", "a service has no host at all", "4m", [], { [ejected]: "0x5", [members]: "0x5" }],
  [
    "BreakerOpen",
    "both hosts are ejected, and come back now and then to be tried",
    "2m",
    [{ app: "order", callee: "payment", severity: "page" }],
    { [ejected]: "0 2 2 0 2 2 2 0 2 2 2 2 0", [members]: "2x12" },
    "10s",
  ],
  [
    "BreakerOpen",
    "a service goes from three hosts to one after one was ejected",
    "2m50s",
    [],
    { [ejected]: "0x5 1x6 0x20", [members]: "3x12 1x20" },
    "10s",
  ],
  [
    "CertificateNotRenewed",
    "it grows old",
    "12m",
    [{ namespace: "symphony", app: "order", severity: "page" }],
    { [certificate]: "21700-60x12" },
  ],
  ["CertificateNotRenewed", "it was renewed", "12m", [], { [certificate]: "43300-60x4 86400-60x8" }],
  ["RootCertificateEnds", "in a week", "10m", [{ severity: "ticket" }], { [root]: "604800x10" }],
  ["RootCertificateEnds", "in a year", "10m", [], { [root]: "31536000x10" }],
  ["ServiceMissing", "a service is gone", "6m", [{ app: "payment", severity: "page" }], ups("payment")],
  [
    "ServiceMissing",
    "its only pod does not answer",
    "6m",
    [{ app: "payment", severity: "page" }],
    { ...ups("payment"), 'up{namespace="symphony",app="payment",pod="payment-1"}': "1 0x10" },
  ],
  ["ServiceMissing", "all are there", "6m", [], ups()],
];

/** The rules at the pace of the test, for a day at their own takes a minute; in one group, which keeps their order. */
const testedRules = { groups: [{ name: "tested", rules: ruleFile.groups.flatMap(({ rules }) => rules) }] };

const withPromtool = has("promtool") || process.env.REQUIRE_CLUSTER_TOOLS === "1" ? describe : describe.skip;
withPromtool("promtool (skipped where it is not on the PATH)", () => {
  test("finds nothing wrong with the rules", () => {
    promtool(["check", "rules", "rules.yaml"], { "rules.yaml": stringify(ruleFile) });
  });

  test.each(cases)("%s: %s", (alertname, _state, at, fires, series, step = "1m") => {
    const test = {
      interval: step,
      input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
      promql_expr_test: [
        {
          expr: `count by (app, callee, namespace, service, severity) (ALERTS{alertname="${alertname}",alertstate="firing"})`,
          eval_time: at,
          exp_samples: fires.map((labels) => ({
            labels: `{${Object.entries(labels)
              .map(([name, value]) => `${name}="${value}"`)
              .join(",")}}`,
            value: 1,
          })),
        },
      ],
    };
    promtool(["test", "rules", "test.yaml"], {
      "rules.yaml": stringify(testedRules),
      "test.yaml": stringify({
        rule_files: ["rules.yaml"],
        evaluation_interval: step !== "1m" ? step : at.endsWith("h") ? "20m" : "30s",
        tests: [test],
      }),
    });
  });
});

test("each alert is tested firing and quiet", () => {
  const tested = (fires: boolean): string[] => [
    ...new Set(cases.filter((one) => one[3].length > 0 === fires).map(([alert]) => alert)),
  ];
  const names = alerts.map(({ name }) => name);
  expect(tested(true)).toEqual(names);
  expect(tested(false)).toEqual(names);
});

const known = knownMetrics();
test.each(ruleFile.groups.flatMap(({ rules }) => rules).map((rule) => [rule.expr]))(
  "%s asks only for metrics and labels that exist",
  (expr) => {
    expect(problemsOf(expr, known)).toEqual([]);
  },
);

test.each(alerts)("$name compares what it names as its signals", ({ expr, signals }) => {
  for (const signal of signals) expect(expr).toContain(signal);
});

const runbook = readFileSync(join(projectRoot, "docs", "runbook.md"), "utf8");
const entries = runbook
  .split(/^## /m)
  .slice(1)
  .map((entry) => ({ title: entry.split("\n")[0] ?? "", entry }));

test("docs/runbook.md has an entry for each alert and no other", () => {
  expect(entries.map(({ title }) => title)).toEqual(alerts.map(({ name }) => name));
});

test.each(entries)("the entry of $title says symptom, first look and fix", ({ title, entry }) => {
  for (const part of ["Symptom", "First look", "Fix"])
    expect(entry).toMatch(new RegExp(`^\\*\\*${part}\\*\\*: \\S`, "m"));
  expect(runbookOf(title)).toBe(`docs/runbook.md#${title.toLowerCase()}`);
});
