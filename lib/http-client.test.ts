import type { RequestListener } from "node:http";

import { z } from "zod";

import { runInContext } from "./context";
import { AppError, type ErrorCode } from "./errors";
import { createHttpClient, type HttpClient } from "./http-client";
import { type HttpServer, listenHttp } from "./http-listen";
import { problem } from "./problem";
import { extractTrace, prepareTelemetry, runInTrace } from "./telemetry";

const schema = z.object({ answer: z.number() });
const closing: HttpServer[] = [];

beforeAll(() => prepareTelemetry());
afterEach(async () => {
  for (const server of closing.splice(0)) await server.close(0);
});

async function peer(listener: RequestListener): Promise<HttpClient> {
  const server = await listenHttp(listener, { host: "127.0.0.1", port: 0 });
  closing.push(server);
  return createHttpClient({ peer: "inventory", baseUrl: `${server.url}/` });
}

function answering(status: number, body: unknown): RequestListener {
  return (_request, response) => {
    response.statusCode = status;
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

test("sends method, query, body, correlation id, fault and trace, and gives the checked answer", async () => {
  const seen: Record<string, unknown> = {};
  const client = await peer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      Object.assign(seen, { method: request.method, url: request.url, headers: request.headers, body });
      response.end(JSON.stringify({ answer: 42, more: true }));
    });
  });
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const answer = await runInTrace(extractTrace({ traceparent }), () =>
    runInContext({ correlationId: "c-1", fault: "payment-abort" }, () =>
      client.request({
        method: "post",
        path: "/things/a%2Fb",
        query: { limit: 5, cursor: undefined },
        body: { x: 1 },
        headers: { "idempotency-key": "k" },
        schema,
      }),
    ),
  );
  expect(answer).toEqual({ answer: 42 });
  expect(seen).toMatchObject({
    method: "POST",
    url: "/things/a%2Fb?limit=5",
    body: '{"x":1}',
    headers: {
      "x-correlation-id": "c-1",
      "x-symphony-fault": "payment-abort",
      "content-type": "application/json",
      "idempotency-key": "k",
      traceparent,
    },
  });
});

const refused = (code: ErrorCode) => problem(new AppError(code, "because"), "c-1");
test.each<[string, RequestListener, Partial<AppError>]>([
  [
    "a refusal with a known code",
    answering(404, refused("product.not_found")),
    { code: "product.not_found", message: "because" },
  ],
  [
    "a failed provider",
    answering(502, refused("payment.provider_error")),
    { code: "payment.provider_error" },
  ],
  ["an internal error", answering(500, refused("internal")), { code: "peer.unavailable" }],
  ["an unknown code", answering(404, { code: "what.ever" }), { code: "peer.unavailable" }],
  ["a proxy's page", answering(503, "no healthy upstream"), { code: "peer.unavailable" }],
  ["a proxy's timeout", answering(504, "upstream request timeout"), { code: "peer.timeout" }],
  ["an answer of another form", answering(200, { answer: "x" }), { code: "peer.unavailable" }],
  ["no JSON", answering(200, "<html>"), { code: "peer.unavailable" }],
  ["a redirect", answering(302, ""), { code: "peer.unavailable" }],
  ["a connection that is cut", (request) => request.socket.destroy(), { code: "peer.unavailable" }],
])("%s", async (_name, listener, expected) => {
  const client = await peer(listener);
  await expect(client.request({ method: "get", path: "/", schema })).rejects.toMatchObject(expected);
});

test("a peer that does not answer, or not to the end, runs into the deadline", async () => {
  const silent = await peer(() => undefined);
  const halting = await peer((_request, response) => response.write("{"));
  for (const client of [silent, halting]) {
    const call = client.request({ method: "get", path: "/", schema, deadlineMs: 50 });
    await expect(call).rejects.toMatchObject({ code: "peer.timeout", httpStatus: 504 });
  }
});

test("a port where nobody listens is an unavailable peer", async () => {
  const server = await listenHttp(() => undefined, { host: "127.0.0.1", port: 0 });
  await server.close();
  const client = createHttpClient({ peer: "inventory", baseUrl: server.url });
  await expect(client.request({ method: "get", path: "/", schema })).rejects.toMatchObject({
    code: "peer.unavailable",
  });
});

test("a call is made once: retries belong to the mesh", async () => {
  let calls = 0;
  const client = await peer((_request, response) => {
    calls += 1;
    response.statusCode = 503;
    response.end();
  });
  await expect(client.request({ method: "get", path: "/", schema })).rejects.toThrow();
  expect(calls).toBe(1);
});
