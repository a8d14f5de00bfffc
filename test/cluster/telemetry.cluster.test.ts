import { randomBytes, randomUUID } from "node:crypto";

import { alerts } from "../../k8s/alerts/alerts";
import { createDashboards, queriesOf } from "../../k8s/dashboards/dashboards";
import { createForwards, type Forwards } from "../../lab/target/forward";
import { namespaces } from "../../lab/target/kubectl";
import { type Pattern, serviceNames } from "../../lib/events";
import { type Cluster, expectNoneFailed, openCluster } from "../support/cluster";
import { readJaegerTrace } from "../support/jaeger";
import { breakersClosed, under } from "../support/mesh";
import { askPrometheus, type Prometheus } from "../support/prometheus";
import { withValues } from "../support/promql";
import { waitFor } from "../support/wait-for";
import { expectedEdges, expectEdges, type Outcome } from "../telemetry/edges";
import { orderOf } from "../telemetry/orders";

jest.setTimeout(600_000);

let cluster: Cluster;
let forwards: Forwards;
let jaeger: string;
let prometheus: Prometheus;
beforeAll(async () => {
  cluster = await openCluster();
  forwards = createForwards(cluster.kubectl);
  const urlOf = async (name: string, port: number): Promise<string> => {
    const opened = { namespace: namespaces.platform, resource: `service/${name}`, port };
    return `http://127.0.0.1:${await forwards.open(opened)}`;
  };
  jaeger = await urlOf("jaeger", 16686);
  prometheus = askPrometheus(await urlOf("prometheus", 9090));
  await breakersClosed(cluster.target, ["gateway", "order"]);
});
afterAll(async () => {
  forwards?.close();
  await cluster?.close();
});

/** Places an order through the ingress gateway in a trace of the client's own, and gives that trace's id. */
async function placeTraced(token: string, outcome: Outcome, pattern: Pattern): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  await cluster.client.http.request({
    method: "POST",
    url: `${cluster.url}/api/orders?pattern=${pattern}`,
    token,
    body: await orderOf(cluster, outcome),
    headers: { "idempotency-key": randomUUID(), traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  return traceId;
}

test("prometheus reaches every service and its sidecar, past mutual TLS and the default deny", async () => {
  const found = await waitFor(
    async () => {
      const targets = await prometheus.targets();
      return (
        targets.length > serviceNames.length && targets.every(({ health }) => health === "up") && targets
      );
    },
    { timeoutMs: 60_000, what: "all targets to be up" },
  );
  const apps = found.map(({ labels }) => labels.app);
  expect(apps).toEqual(expect.arrayContaining([...serviceNames, "jaeger", "prometheus", "istiod"]));
});

test.each(expectedEdges)("jaeger has every expected edge: $pattern, $outcome", async (expected) => {
  const { pattern, outcome, edges } = expected;
  const traceId = await placeTraced(await cluster.customer(), outcome, pattern);
  await expectEdges(edges, () => readJaegerTrace(jaeger, traceId), { mesh: true });
});

describe("under load", () => {
  /** Orders of every pattern and outcome, again and again, so that each counter moves within every minute. */
  async function everyKind(token: string): Promise<void> {
    for (const { pattern, outcome } of expectedEdges) await placeTraced(token, outcome, pattern);
  }

  const asked = [
    ...[...createDashboards().values()].flatMap(queriesOf).map(({ dashboard, panel, expr }) => ({
      what: `${dashboard}, ${panel}`,
      expr: withValues(expr),
    })),
    ...alerts.flatMap(({ name, signals }) => signals.map((expr) => ({ what: name, expr }))),
  ];

  test("every expression of every panel and alert gives data", async () => {
    let silent = asked;
    const result = await cluster.underLoad({ rate: 2, durationMs: 60_000 }, async () => {
      const deadline = Date.now() + 240_000;
      while (silent.length > 0 && Date.now() < deadline) {
        // A new customer each time, whom the limit on orders a minute has not reached.
        await everyKind(await cluster.customer());
        const answers = await Promise.all(silent.map(({ expr }) => prometheus.query(expr)));
        silent = silent.filter((_, index) => !answers[index]?.some(({ value }) => !Number.isNaN(value)));
      }
    });
    expect(silent).toEqual([]);
    expectNoneFailed(result);
  });

  test("points of the histograms lead to traces that jaeger has", async () => {
    const ids = await prometheus.exemplars(
      'gateway_request_duration_seconds_bucket{service="order",method="POST"}',
    );
    expect(ids.length).toBeGreaterThan(0);
    await waitFor(async () => (await readJaegerTrace(jaeger, ids[0]!)).length > 0, {
      timeoutMs: 30_000,
      what: "the trace of the newest point",
    });
  });

  test("prometheus holds no more series than it was sized for", async () => {
    const [head] = await prometheus.query("prometheus_tsdb_head_series");
    expect(head?.value).toBeLessThan(60_000);
  });
});

test("BreakerOpen fires when inventory fails, and clears after", async () => {
  const open = async (): Promise<boolean> =>
    (await prometheus.firing("BreakerOpen")).some(
      ({ app, callee }) => app === "gateway" && callee === "inventory",
    );
  expect(await open()).toBe(false);
  await under(cluster.target, { file: "mesh/faults/inventory-abort.yaml" }, () =>
    waitFor(
      async () => {
        await cluster.target.call("gateway", { to: "inventory:8080", path: "/inventory" }, { count: 5 });
        return open();
      },
      { timeoutMs: 180_000, what: "the alert to fire" },
    ),
  );
  await waitFor(async () => !(await open()), { timeoutMs: 240_000, what: "the alert to clear" });
});
