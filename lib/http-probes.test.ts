import { type HttpServer, listenHttp } from "./http-listen";
import { createHttpApp, type ReadyCheck } from "./http-server";
import { createLog } from "./log";
import { createMetrics } from "./metrics";

const started: HttpServer[] = [];
const up: ReadyCheck = { name: "database", required: true, check: () => Promise.resolve() };

async function start(ready: ReadyCheck[]): Promise<HttpServer> {
  const log = createLog("test", "silent");
  const app = createHttpApp({ service: "test", routes: [], log, metrics: createMetrics("test"), ready });
  const server = await listenHttp(app, { host: "127.0.0.1", port: 0 });
  started.push(server);
  return server;
}

afterAll(async () => {
  for (const server of started) await server.close(0);
});

describe("readiness", () => {
  const down = () => Promise.reject(new Error("no"));
  test.each<[string, ReadyCheck[], number, object]>([
    ["all are up", [up], 200, { database: "up" }],
    ["a required check fails", [{ ...up, check: down }], 503, { database: "down" }],
    [
      "another one fails",
      [up, { name: "broker", required: false, check: down }],
      200,
      { database: "up", broker: "down" },
    ],
  ])("%s", async (_name, ready, status, checks) => {
    const { url } = await start(ready);
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ status: status === 200 ? "ready" : "unready", checks });
  });
});

test("a service is live whatever its dependencies are, and shows its OpenAPI document", async () => {
  const { url } = await start([{ ...up, check: () => Promise.reject(new Error("no")) }]);
  const live = await fetch(`${url}/livez`);
  expect(await live.json()).toEqual({ status: "live" });
  const document = await fetch(`${url}/openapi.json`);
  expect(await document.json()).toMatchObject({ openapi: "3.1.0", info: { title: "Symphony test" } });
});
