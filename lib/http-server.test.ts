import { z } from "zod";

import { startTestIssuer, type TestIssuer } from "../test/support/tokens";
import { waitFor } from "../test/support/wait-for";
import { ADMIN_GROUP, createTokenVerifier } from "./auth";
import { currentContext, currentCorrelationId } from "./context";
import { AppError } from "./errors";
import { type HttpServer, listenHttp } from "./http-listen";
import { createHttpApp, type HttpAppOptions, type ReadyCheck } from "./http-server";
import { createLog } from "./log";
import { createMetrics } from "./metrics";
import { problemSchema } from "./problem";
import { route } from "./route";
import { injectTrace, prepareTelemetry } from "./telemetry";

const lines: Record<string, unknown>[] = [];
const log = createLog("test", "debug", {
  write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
});
const metrics = createMetrics("test");
const up: ReadyCheck = { name: "database", required: true, check: () => Promise.resolve() };
const ok = { 200: { description: "it worked" } };

let issuer: TestIssuer;
let server: HttpServer;
const others: HttpServer[] = [];

const thing = z.strictObject({
  name: z.string().min(1),
  quantity: z.int().positive(),
  address: z.strictObject({ city: z.string() }).optional(),
});

const routes = [
  route({
    method: "post",
    path: "/things",
    summary: "Makes a thing",
    query: z.strictObject({ pattern: z.enum(["rest", "saga"]).default("saga") }),
    headers: z.object({ "idempotency-key": z.string().max(10).optional() }),
    body: thing,
    responses: { 201: { description: "the thing", schema: thing } },
    handle({ body, query }, response) {
      response.status(201).json({ ...body, pattern: query.pattern });
    },
  }),
  route({
    method: "get",
    path: "/orders/:orderId",
    summary: "Reads an order",
    responses: ok,
    handle({ params }, response) {
      response.json({ ...params, context: currentContext(), traced: injectTrace({}) });
    },
  }),
  route({
    method: "get",
    path: "/missing",
    summary: "Has nothing",
    responses: ok,
    errors: ["order.not_found"],
    async handle() {
      throw new AppError("order.not_found", "there is no order 42", { headers: { "Retry-After": "7" } });
    },
  }),
  route({
    method: "get",
    path: "/broken",
    summary: "Fails",
    responses: ok,
    async handle() {
      throw new Error("secret detail");
    },
  }),
  route({
    method: "get",
    path: "/half",
    summary: "Fails in the middle of its answer",
    responses: ok,
    handle(_request, response) {
      response.write("half");
      throw new Error("secret detail");
    },
  }),
  route({
    method: "get",
    path: "/me",
    summary: "Who am I",
    access: "user",
    responses: ok,
    handle({ identity }, response) {
      response.json({ userId: identity.userId });
    },
  }),
  route({
    method: "post",
    path: "/admin",
    summary: "For administrators",
    access: "admin",
    responses: ok,
    handle(_request, response) {
      response.json({});
    },
  }),
];

async function start(options: Partial<HttpAppOptions> = {}): Promise<HttpServer> {
  const app = createHttpApp({ service: "test", routes: [], log, metrics, ready: [up], ...options });
  const started = await listenHttp(app, { host: "127.0.0.1", port: 0 });
  others.push(started);
  return started;
}

beforeAll(async () => {
  prepareTelemetry();
  issuer = await startTestIssuer();
  server = await start({
    routes,
    tokens: createTokenVerifier({ jwksUrl: issuer.jwksUrl }),
    jsonLimit: "1kb",
  });
});
afterAll(async () => {
  for (const started of others) await started.close(0);
  await issuer.stop();
});
beforeEach(() => lines.splice(0));

function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

const good = { name: "bolt", quantity: 2 };

describe("validation", () => {
  test("a good request reaches the handler with its defaults", async () => {
    const response = await post("/things", JSON.stringify(good));
    expect(response.status).toBe(201);
    await expect(response.json()).resolves.toEqual({ ...good, pattern: "saga" });
  });

  test.each<[string, string, string, { path: string; message: RegExp }[]]>([
    ["a missing field", "/things", '{"name":"bolt"}', [{ path: "quantity", message: /^is required$/ }]],
    [
      "an unknown field",
      "/things",
      JSON.stringify({ ...good, colour: "red" }),
      [{ path: "colour", message: /not a known field/ }],
    ],
    [
      "an unknown field further in",
      "/things",
      JSON.stringify({ ...good, address: { city: "x", zip: 1 } }),
      [{ path: "address.zip", message: /not a known field/ }],
    ],
    [
      "wrong types",
      "/things",
      '{"name":1,"quantity":"2"}',
      [
        { path: "name", message: /string/ },
        { path: "quantity", message: /number/ },
      ],
    ],
    ["a huge number", "/things", '{"name":"bolt","quantity":1e400}', [{ path: "quantity", message: /./ }]],
    ["a list", "/things", "[]", [{ path: "body", message: /object/ }]],
    ["a bare value", "/things", "5", [{ path: "body", message: /object/ }]],
    [
      "NUL",
      "/things",
      String.raw`{"name":"a\u0000","quantity":1}`,
      [{ path: "name", message: /not allowed/ }],
    ],
    [
      "half a surrogate pair",
      "/things",
      String.raw`{"name":"\ud800","quantity":1}`,
      [{ path: "name", message: /not allowed/ }],
    ],
    [
      "an unknown query parameter",
      "/things?color=1",
      JSON.stringify(good),
      [{ path: "color", message: /not a known field/ }],
    ],
    [
      "a repeated query parameter",
      "/things?pattern=rest&pattern=saga",
      JSON.stringify(good),
      [{ path: "pattern", message: /./ }],
    ],
    [
      "wrong query and body",
      "/things?pattern=x",
      "{}",
      [
        { path: "pattern", message: /./ },
        { path: "name", message: /required/ },
        { path: "quantity", message: /required/ },
      ],
    ],
  ])("%s is refused and named", async (_name, path, body, errors) => {
    const response = await post(path, body);
    const document = problemSchema.parse(await response.json());
    expect(response.status).toBe(400);
    expect(document).toMatchObject({
      code: "request.invalid",
      errors: errors.map(({ path: field, message }) => ({
        path: field,
        message: expect.stringMatching(message),
      })),
    });
  });

  test("a wrong header is refused and named", async () => {
    const response = await post("/things", JSON.stringify(good), { "idempotency-key": "x".repeat(11) });
    expect(await response.json()).toMatchObject({ errors: [{ path: "idempotency-key" }] });
  });

  test("a missing body is refused", async () => {
    const response = await fetch(`${server.url}/things`, { method: "POST" });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ path: "name" }, { path: "quantity" }] });
  });
});

describe("problem documents", () => {
  const cases: [string, () => Promise<Response>, number, string][] = [
    ["malformed JSON", () => post("/things", '{"name":'), 400, "request.malformed_json"],
    [
      "a body that is too large",
      () => post("/things", JSON.stringify({ name: "x".repeat(2_000) })),
      413,
      "request.too_large",
    ],
    [
      "another content type",
      () => post("/things", "name=x", { "content-type": "application/x-www-form-urlencoded" }),
      415,
      "request.unsupported_media_type",
    ],
    [
      "an unknown character set",
      () => post("/things", "{}", { "content-type": "application/json; charset=x" }),
      415,
      "request.unsupported_media_type",
    ],
    [
      "an unknown encoding",
      () => post("/things", "{}", { "content-encoding": "x" }),
      415,
      "request.unsupported_media_type",
    ],
    ["bad percent-encoding", () => fetch(`${server.url}/orders/%E0%A4%A`), 400, "request.invalid"],
    ["an unknown path", () => fetch(`${server.url}/nowhere`), 404, "route.not_found"],
    [
      "another method",
      () => fetch(`${server.url}/orders/1`, { method: "DELETE" }),
      405,
      "request.method_not_allowed",
    ],
    ["an error with a code", () => fetch(`${server.url}/missing`), 404, "order.not_found"],
    ["an unknown error", () => fetch(`${server.url}/broken`), 500, "internal"],
    ["no token", () => fetch(`${server.url}/me`), 401, "auth.token_missing"],
    [
      "another scheme",
      () => fetch(`${server.url}/me`, { headers: { authorization: "Basic eDp5" } }),
      401,
      "auth.token_missing",
    ],
    [
      "a bad token",
      () => fetch(`${server.url}/me`, { headers: { authorization: "Bearer x.y.z" } }),
      401,
      "auth.token_invalid",
    ],
  ];
  test.each(cases)("%s", async (_name, call, status, code) => {
    const response = await call();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json/);
    const document = problemSchema.parse(await response.json());
    expect(document).toMatchObject({ status, code, type: `urn:symphony:problem:${code}` });
    expect(document.correlationId).toBe(response.headers.get("x-correlation-id"));
    expect(JSON.stringify(document)).not.toMatch(/secret|\.ts:|node_modules/);
  });

  test("carry the headers of their error", async () => {
    expect((await fetch(`${server.url}/missing`)).headers.get("retry-after")).toBe("7");
    expect((await fetch(`${server.url}/me`)).headers.get("www-authenticate")).toMatch(/^Bearer/);
    const wrongMethod = await fetch(`${server.url}/things`, { method: "PUT" });
    expect(wrongMethod.headers.get("allow")).toBe("POST, OPTIONS");
    expect((await fetch(`${server.url}/orders/1`, { method: "OPTIONS" })).headers.get("allow")).toBe(
      "GET, HEAD, OPTIONS",
    );
  });

  test("an unknown error is logged with its stack; one in the middle of an answer cuts the connection", async () => {
    await fetch(`${server.url}/broken`);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: "error",
        err: expect.objectContaining({ stack: expect.stringContaining("secret detail") }),
      }),
    );
    await expect(fetch(`${server.url}/half`).then((response) => response.text())).rejects.toThrow();
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  });
});

describe("access", () => {
  const call = async (method: string, path: string, groups?: string[]) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${await issuer.sign({ sub: "u-1", ...(groups && { groups }) })}` },
    });

  test("a user reaches a user's route, an administrator reaches both", async () => {
    await expect((await call("GET", "/me")).json()).resolves.toEqual({ userId: "u-1" });
    expect((await call("POST", "/admin", [ADMIN_GROUP])).status).toBe(200);
    const refused = await call("POST", "/admin");
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "auth.forbidden" });
  });

  test("a service without a verifier cannot have such a route", async () => {
    await expect(start({ routes })).rejects.toThrow("needs tokens");
  });
});

describe("correlation and log", () => {
  test("a harmless correlation id is kept, another one replaced", async () => {
    const send = async (id: string) =>
      (await fetch(`${server.url}/missing`, { headers: { "x-correlation-id": id } })).headers.get(
        "x-correlation-id",
      );
    await expect(send("abc-1.2_3")).resolves.toBe("abc-1.2_3");
    await expect(send("a b")).resolves.toMatch(/^[0-9a-f-]{36}$/);
    await expect(send("x".repeat(129))).resolves.toMatch(/^[0-9a-f-]{36}$/);
  });

  test("the handler runs in the request's context and trace", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const response = await fetch(`${server.url}/orders/o-1`, {
      headers: { "x-correlation-id": "c-1", "x-symphony-fault": "payment-abort", traceparent },
    });
    expect(await response.json()).toEqual({
      orderId: "o-1",
      context: { correlationId: "c-1", orderId: "o-1", fault: "payment-abort" },
      traced: { traceparent },
    });
  });

  test("one line per request with the template, never the path; probes are silent", async () => {
    await fetch(`${server.url}/orders/o-1?secret=1`, { headers: { "x-correlation-id": "c-1" } });
    await fetch(`${server.url}/livez`);
    await fetch(`${server.url}/nowhere/secret`);
    const requests = await waitFor(() => {
      const found = lines.filter(({ msg }) => msg === "request");
      return found.length === 3 && found;
    });
    expect(requests).toEqual([
      expect.objectContaining({
        level: "info",
        method: "GET",
        route: "/orders/:orderId",
        status: 200,
        correlation_id: "c-1",
        order_id: "o-1",
      }),
      expect.objectContaining({ level: "debug", route: "/livez" }),
      expect.objectContaining({ level: "info", route: "unmatched", status: 404 }),
    ]);
    expect(JSON.stringify(requests)).not.toContain("secret");
  });

  test("metrics count by template", async () => {
    await fetch(`${server.url}/orders/o-2`);
    const text = await waitFor(async () => {
      const body = await (await fetch(`${server.url}/metrics`)).text();
      return body.includes('route="/orders/:orderId"') && body;
    });
    expect(text).toMatch(
      /http_server_request_duration_seconds_count\{[^}]*method="GET",route="\/orders\/:orderId",status="200"[^}]*\} \d+/,
    );
    expect(text).not.toContain("o-2");
  });

  test("the server does not say what it is made of", async () => {
    expect((await fetch(`${server.url}/livez`)).headers.has("x-powered-by")).toBe(false);
  });
});

test("before and fallback run in the request's context, not on the probes, and may read the body", async () => {
  const seen: string[] = [];
  const { url } = await start({
    routes,
    tokens: createTokenVerifier({ jwksUrl: issuer.jwksUrl }),
    before: [
      (request, _response, next) => {
        seen.push(`${request.path} ${currentCorrelationId()}`);
        next();
      },
    ],
    fallback: (request, response) => {
      response.set("x-from", "fallback");
      request.pipe(response);
    },
  });
  await fetch(`${url}/livez`);
  const response = await fetch(`${url}/elsewhere`, {
    method: "POST",
    body: "streamed",
    headers: { "x-correlation-id": "c-9" },
  });
  await expect(response.text()).resolves.toBe("streamed");
  expect(seen).toEqual(["/elsewhere c-9"]);
});
