import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";

import { freePort } from "../../lib/free-port";
import { waitFor } from "../../test/support/wait-for";
import { memoryOf } from "../run/memory";
import { findProject } from "../run/project";
import { sinkSpec } from "./process";
import { type SinkStats } from "./sink";

let sink: ChildProcess;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  const spec = sinkSpec(findProject(), port, process.env);
  const { file, args, env } = await spec.command();
  sink = spawn(file, args, { env, stdio: "inherit" });
  url = `http://127.0.0.1:${String(port)}`;
  await waitFor(() => spec.probe().then(() => true), { what: "the sink" });
});
afterAll(() => sink?.kill("SIGKILL"));

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });

/** As large as spans of the services are, every trace with an order of its own and every 50th failed. */
function requestOf(traces: number): string {
  const spans = Array.from({ length: traces }, () => randomBytes(16).toString("hex")).flatMap((traceId) =>
    Array.from({ length: 10 }, (_, index) => ({
      traceId,
      spanId: randomBytes(8).toString("hex"),
      name: `process order.created ${String(index)}`,
      kind: 5,
      startTimeUnixNano: "1732390000123456789",
      endTimeUnixNano: "1732390000173456789",
      status: traceId.startsWith("05") ? { code: 2, message: "no" } : {},
      attributes: [
        attribute("symphony.order.id", traceId),
        attribute("db.query.text", randomBytes(150).toString("hex")),
        attribute("messaging.message.id", randomBytes(16).toString("hex")),
      ],
    })),
  );
  const resource = { attributes: [attribute("service.name", "order")] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

async function post(body: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  return fetch(`${url}/v1/traces`, { method: "POST", body, headers }).then(
    ({ status }) => status,
    () => 0,
  );
}

test("an hour's worth of spans and a flood of huge requests stay below 100 MB", async () => {
  let most = 0;
  const look = () => (most = Math.max(most, memoryOf(sink.pid ?? 0) ?? Number.NaN));
  for (let round = 0; round < 40; round += 1) {
    const bodies = Array.from({ length: 4 }, () => requestOf(100));
    expect(await Promise.all(bodies.map(post))).toEqual([200, 200, 200, 200]);
    look();
  }
  const huge = "x".repeat(6_000_000);
  await Promise.all(Array.from({ length: 20 }, () => post(huge)));
  look();
  const stats = (await (await fetch(`${url}/stats`)).json()) as SinkStats;
  expect(stats.received).toBe(160_000);
  expect(stats.evicted).toBeGreaterThan(0);
  expect(stats.traces.failed).toBeGreaterThan(10);
  expect(most).toBeLessThan(100e6);
}, 120_000);
