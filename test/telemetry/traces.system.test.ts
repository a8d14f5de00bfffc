import { randomBytes, randomUUID } from "node:crypto";

import { describeMetrics } from "../../lab/generate/metrics-doc";
import { parseMetrics } from "../../lab/telemetry/open-metrics";
import { connectBus } from "../../lib/bus";
import { listDeadLetters, replayDeadLetter } from "../../lib/dead-letters";
import { serviceNames } from "../../lib/events";
import { createLog } from "../../lib/log";
import { publishEvent } from "../support/events";
import { startSystem, type System } from "../support/system";
import { edgesOf, readTraces } from "../support/traces";
import { waitFor } from "../support/wait-for";
import { expectedEdges, expectEdges } from "./edges";
import { expectOrdersWithoutSink, placeOrder, product } from "./orders";
import { plant, readLogs } from "./planted";

jest.setTimeout(240_000);

let system: System;
beforeAll(async () => {
  system = await startSystem({ traces: true, logLevel: "info" });
});
afterAll(() => system?.stop());

test.each(expectedEdges)("$pattern, $outcome: one trace with every expected edge", async (expected) => {
  const { spans } = await placeOrder(system, await system.customer(), expected);
  await expectEdges(expected.edges, spans, { mesh: false });
});

test("a client's own trace is continued, from its request to the last consumer", async () => {
  const traceId = randomBytes(16).toString("hex");
  const token = await system.customer();
  const answer = await system.client.http.request({
    method: "POST",
    url: `${system.stack.url}/api/orders`,
    token,
    body: { productId: product, quantity: 1 },
    headers: { "idempotency-key": randomUUID(), traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  expect(answer.status).toBe(202);
  const services = await waitFor(
    async () => {
      const found = new Set((await readTraces(system, traceId)).flat().map(({ service }) => service));
      return found.size >= 8 && found;
    },
    { timeoutMs: 20_000, what: "eight services in the trace" },
  );
  expect([...services].sort()).toEqual(serviceNames.filter((name) => name !== "user").sort());
});

test("no personal or card data reaches a span or a log", async () => {
  const secrets = await plant(system);
  const spans = JSON.stringify(await readTraces(system));
  // Postgres and NATS log what they are told to; the services' lines are what is promised.
  const logs = readLogs(system, serviceNames);
  expect(spans).toContain("POST /api/orders");
  expect(logs).toContain('"msg":"request"');
  for (const [what, secret] of Object.entries(secrets)) {
    expect([what, spans.includes(secret), logs.includes(secret)]).toEqual([what, false, false]);
  }
});

test("a dead letter and its replay stay in the trace of the event", async () => {
  const traceId = randomBytes(16).toString("hex");
  const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
  await publishEvent(system.stack.natsUrl, "inventory.reserved", {} as never, { headers });
  const bus = connectBus({ url: system.stack.natsUrl, name: "test", log: createLog("test", "silent") });
  try {
    const letter = await waitFor(async () => (await listDeadLetters(bus, { consumer: "payment" }))[0], {
      what: "the dead letter",
    });
    await replayDeadLetter(bus, letter.seq);
    const again = await waitFor(
      async () => {
        const spans = (await readTraces(system, traceId)).flat();
        const mine = spans.filter(({ service, kind }) => service === "payment" && kind === "consumer");
        return mine.length === 2 && edgesOf(spans).length >= 2 && { mine, edges: edgesOf(spans) };
      },
      { timeoutMs: 20_000, what: "both deliveries" },
    );
    expect(again.mine.map(({ attributes }) => attributes["symphony.replayed"])).toEqual([undefined, true]);
    expect(
      again.mine.every(({ failed, attributes }) => failed && attributes["symphony.outcome"] === "dead"),
    ).toBe(true);
    expect(again.edges).toContain(
      "payment consumer process inventory.reserved > payment producer publish dlq.payment.inventory.reserved",
    );
  } finally {
    await bus.close();
  }
});

describe("bad input costs nobody a request", () => {
  const get = async (path: string, headers: Record<string, string> = {}) =>
    (await system.client.http.request({ method: "GET", url: `${system.stack.url}${path}`, headers })).status;
  const scrape = async () =>
    parseMetrics(await (await fetch(`${await system.stack.serviceUrl("gateway")}/metrics`)).text());
  const dropped = async (item: string) =>
    (await scrape()).find(({ name, labels }) => name === "telemetry_dropped_total" && labels.item === item)
      ?.value ?? 0;

  test.each([
    ["traceparent", { traceparent: "00-nonsense" }],
    ["baggage", { baggage: `secret=${"x".repeat(30_000)}` }],
  ])("a bad %s is dropped and counted", async (item, headers) => {
    const before = await dropped(item);
    expect(await get("/api/inventory", headers as unknown as Record<string, string>)).toBe(200);
    expect(await dropped(item)).toBe(before + 1);
  });

  test("paths of high cardinality fall into one label value", async () => {
    await get("/nowhere");
    await get("/api/nothing/x");
    const before = (await scrape()).length;
    for (let index = 0; index < 30; index += 1) {
      await get(`/nowhere/${randomUUID()}`);
      await get(`/api/${randomUUID()}/x`);
    }
    expect((await scrape()).length).toBeLessThan(before + 20);
  });
});

test("every metric of docs/metrics.md is served by the service that the document names", async () => {
  for (const { title, metrics } of describeMetrics()) {
    const owner = serviceNames.find((name) => name === title) ?? "order";
    const text = await (await fetch(`${await system.stack.serviceUrl(owner)}/metrics`)).text();
    for (const { name, type } of metrics) {
      expect(text).toContain(`# TYPE ${type === "counter" ? name.replace(/_total$/, "") : name} ${type}`);
    }
    expect(text.trimEnd().endsWith("# EOF")).toBe(true);
  }
});

test("a bucket is joined to a trace that the sink holds", async () => {
  const text = await (await fetch(`${await system.stack.serviceUrl("order")}/metrics`)).text();
  const [, traceId = ""] = /saga_duration_seconds_bucket.*# \{trace_id="([0-9a-f]{32})"/.exec(text) ?? [];
  expect((await readTraces(system, traceId)).flat().length).toBeGreaterThan(10);
});

test.each(["SIGSTOP", "SIGKILL"] as const)("a backend that is gone (%s) fails no order", async (signal) => {
  await expectOrdersWithoutSink(system, signal);
});
