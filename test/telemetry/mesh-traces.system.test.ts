import { randomBytes, randomUUID } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseDocument } from "yaml";

import { type Span } from "../../lab/telemetry/span";
import { isProxy, layOut, notesOf, serviceOf, titleOf } from "../../lab/telemetry/waterfall";
import { serviceNames } from "../../lib/events";
import { projectRoot } from "../../lib/paths";
import { startSystem, type System } from "../support/system";
import { readTraces } from "../support/traces";
import { waitFor } from "../support/wait-for";
import { expectedEdges, expectEdges } from "./edges";
import { expectOrdersWithoutSink, placeOrder } from "./orders";
import { plant, readLogs } from "./planted";

jest.setTimeout(300_000);

const arrival = { timeoutMs: 60_000, what: "the spans" };
const rules = mkdtempSync(join(tmpdir(), "symphony-rules-"));
let system: System;
beforeAll(async () => {
  cpSync(join(projectRoot, "mesh/base"), rules, { recursive: true });
  system = await startSystem({ mesh: true, traces: true, rules, logLevel: "info" });
});
afterAll(async () => {
  await system?.stop();
  rmSync(rules, { recursive: true });
});

const get = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
  (await system.client.http.request({ method: "GET", url: `${system.stack.url}${path}`, headers })).status;

const sampledBy = (traceId: string): Record<string, string> => ({
  traceparent: `00-${traceId}-b7ad6b7169203331-01`,
});
const newTrace = (): string => randomBytes(16).toString("hex");

test.each(expectedEdges)("$pattern, $outcome: both sidecars between caller and callee", async (expected) => {
  const { spans } = await placeOrder(system, await system.customer(), expected);
  await expectEdges(expected.edges, spans, { mesh: true });
});

test("the ingress is the root, and each service has one word", async () => {
  const { spans } = await placeOrder(system, await system.customer(), { outcome: "ok", pattern: "rest" });
  const found = await waitFor(async () => {
    const all = await spans();
    const isWhole =
      all.some(({ name }) => name === "POST /shipments") &&
      all.some(({ parentId }) => parentId === undefined);
    return isWhole && all;
  }, arrival);
  const roots = found.filter(({ parentId }) => parentId === undefined);
  expect(roots.map((span) => [serviceOf(span), span.kind])).toEqual([["ingress", "server"]]);
  const names = new Set(found.map(({ service }) => service));
  names.delete("istio-ingressgateway");
  expect([...names].filter((name) => !(serviceNames as readonly string[]).includes(name))).toEqual([]);
});

test("a retry is seen: the attempt that a fault answered, and the one after it", async () => {
  const file = join(rules, "fault.yaml");
  const fault = parseDocument(readFileSync(join(projectRoot, "mesh/faults/payment-abort-some.yaml"), "utf8"));
  // Each first attempt and no other: by chance three would fail in a row, and open breakers for the tests after this.
  const config = ["spec", "configPatches", 0, "patch", "value", "typed_config"];
  fault.setIn([...config, "abort", "percentage", "numerator"], 100);
  fault.setIn([...config, "headers"], [{ name: "x-envoy-attempt-count", string_match: { exact: "1" } }]);
  writeFileSync(file, fault.toString());
  try {
    const token = await system.customer();
    const placed: (() => Promise<Span[]>)[] = [];
    const isRetry = (span: Span): boolean => titleOf(span) === "attempt 2 to payment:8080";
    // Spans come a second after their request, so those of all orders are looked at after each.
    await waitFor(
      async () => {
        placed.push((await placeOrder(system, token, { outcome: "ok", pattern: "rest" })).spans);
        const traces = await Promise.all(placed.map((spans) => spans()));
        const told = traces
          .filter((trace) => trace.some(isRetry))
          .map((trace) =>
            layOut(trace, { sql: false }).map(
              (row) => `${serviceOf(row.span)}: ${titleOf(row.span)}: ${notesOf(row).join(", ")}`,
            ),
          );
        expect(told).toContainEqual(
          expect.arrayContaining([
            "order sidecar: attempt 1 to payment:8080: 503",
            "payment sidecar: payment:8080/*: 503, FI: a fault rule answered with an error",
            "order sidecar: attempt 2 to payment:8080: 201",
            expect.stringMatching(/^payment: POST \/payments: 201, attempt 2/),
          ]),
        );
        return true;
      },
      { timeoutMs: 120_000, what: "an order whose payment was tried twice" },
    );
  } finally {
    rmSync(file);
  }
});

test("no personal or card data reaches a sidecar's span or access log", async () => {
  const secrets = await plant(system);
  const last = newTrace();
  await get(`/api/inventory?email=${secrets.email}`, sampledBy(last));
  const names = [...serviceNames, "ingress"];
  await waitFor(() => readLogs(system, ["ingress"]).includes(last), arrival);
  await waitFor(async () => (await readTraces(system, last)).flat().some(isProxy), arrival);
  const spans = (await readTraces(system)).flat().filter(isProxy);
  const text = JSON.stringify(spans);
  const logs = readLogs(system, names);
  expect(text).toContain("http.url");
  expect(logs).toContain('"response_flags"');
  for (const [what, secret] of Object.entries(secrets))
    expect([what, text.includes(secret), logs.includes(secret)]).toEqual([what, false, false]);
});

describe("bad input costs nobody a request", () => {
  test.each([
    ["a malformed traceparent", { traceparent: "00-nonsense" }],
    ["an all-zero traceparent", { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-01` }],
    ["a giant baggage", { baggage: `secret=${"x".repeat(30_000)}` }],
    ["a giant tracestate", { ...sampledBy(newTrace()), tracestate: `a=${"x".repeat(20_000)}` }],
  ] as [string, Record<string, string>][])("%s", async (_what, headers) => {
    expect(await get("/api/inventory", headers)).toBe(200);
  });

  test("paths of high cardinality are in no span's name", async () => {
    const traceId = newTrace();
    // No more than the burst of requests that a client may send.
    const paths = Array.from({ length: 8 }, () => randomUUID());
    // Without a token the ingress lets none of them in.
    const headers = { ...sampledBy(traceId), authorization: `Bearer ${await system.customer()}` };
    for (const path of paths) expect(await get(`/api/${path}/x`, headers)).toBe(404);
    const spans = await waitFor(async () => {
      const found = (await readTraces(system, traceId)).flat();
      return found.filter((span) => serviceOf(span) === "ingress").length >= 2 * paths.length && found;
    }, arrival);
    expect(new Set(spans.filter(isProxy).map(titleOf)).size).toBeLessThan(6);
    expect(paths.filter((path) => JSON.stringify(spans).includes(path))).toEqual([]);
  });
});

test("sampling is the Telemetry object's, whatever the client asks for, and services follow it", async () => {
  const policies = join(rules, "namespace-policies.yaml");
  const routes = join(rules, "inventory.yaml");
  const before = [policies, routes].map((file) => readFileSync(file, "utf8")) as [string, string];
  const token = await system.customer();
  const product = `${system.stack.url}/api/inventory/espresso-machine`;
  writeFileSync(policies, before[0].replace("randomSamplingPercentage: 100", "randomSamplingPercentage: 0"));
  // Saved after it, so the answers tell when both are in force.
  const headers = '    - name: read\n      headers: {response: {set: {x-rules: "without traces"}}}\n';
  writeFileSync(routes, before[1].replace("    - name: read\n", headers));
  const unseen = newTrace();
  let last = "";
  try {
    await waitFor(
      async () =>
        (await system.client.http.request({ method: "GET", url: product })).headers["x-rules"] !== undefined,
      arrival,
    );
    for (let count = 0; count < 3; count++)
      last = (await placeOrder(system, token, { outcome: "ok", pattern: "saga" })).id;
    expect(await get("/api/inventory", sampledBy(unseen))).toBe(200);
  } finally {
    writeFileSync(policies, before[0]);
    writeFileSync(routes, before[1]);
  }
  const seen = newTrace();
  // Asked again and again: what a sidecar has not sent yet when its rules change is lost.
  await waitFor(async () => {
    await get("/api/inventory", sampledBy(seen));
    return (await readTraces(system, seen)).flat().some(isProxy);
  }, arrival);
  expect(await readTraces(system, last)).toEqual([]);
  expect(await readTraces(system, unseen)).toEqual([]);
});

test.each(["SIGSTOP", "SIGKILL"] as const)("a sink that is gone (%s) fails no request", async (signal) => {
  await expectOrdersWithoutSink(system, signal, async () => {
    // More spans than a sidecar lets wait, in each of the sidecars on the way; no more at a time than a breaker lets pass.
    for (let round = 0; round < 15; round++) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get("/api/inventory")));
      expect(answers.filter((status) => status >= 500)).toEqual([]);
    }
  });
  const traceId = newTrace();
  await waitFor(async () => {
    await get("/api/inventory", sampledBy(traceId));
    return (await readTraces(system, traceId).catch(() => [])).flat().some(isProxy);
  }, arrival);
});
