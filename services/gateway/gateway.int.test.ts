import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { buffer } from "node:stream/consumers";

import { startTestGateway, type TestGateway } from "../../test/support/gateway";
import { json } from "../../test/support/stub-server";
import { waitFor } from "../../test/support/wait-for";

let bench: TestGateway;
let gateway: TestGateway["gateway"];
let issuer: TestGateway["issuer"];
let stubs: TestGateway["stubs"];
let call: TestGateway["call"];

beforeAll(async () => {
  bench = await startTestGateway();
  ({ gateway, issuer, stubs, call } = bench);
});
afterAll(() => bench.stop());
beforeEach(() => bench.reset());

/** With headers that fetch does not let through. */
async function rawCall(path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const request = httpRequest(`${gateway.url}${path}`, { headers, agent: false });
  request.end();
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return response;
}

describe("proxying", () => {
  test("strips /api, keeps the query, passes the body on and names the service", async () => {
    const token = await issuer.sign();
    stubs.order.answer((request, response) => {
      void buffer(request).then((body) => {
        response.writeHead(201, { location: "/orders/42", "x-custom": "kept", vary: "Accept" });
        response.end(JSON.stringify({ echo: body.toString() }));
      });
    });
    const answer = await call("/api/orders?pattern=rest&x=%2F", { method: "POST", token, body: '{"a":1}' });
    expect(answer).toMatchObject({ status: 201, body: { echo: '{"a":1}' } });
    expect(stubs.order.seen).toMatchObject([{ method: "POST", url: "/orders?pattern=rest&x=%2F" }]);
    expect(stubs.order.seen[0]?.headers.host).toBe(new URL(stubs.order.url).host);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "x-service": "order",
      location: "/api/orders/42",
      "x-custom": "kept",
    });
    expect(answer.headers.get("vary")).toMatch(/Origin/);
    expect(answer.headers.get("vary")).toMatch(/Accept/);
  });

  test("a body of several megabytes streams through in both directions", async () => {
    const token = await issuer.sign();
    stubs.order.answer((request, response) => {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      request.pipe(response);
    });
    const sent = Buffer.alloc(5_000_000, "x");
    const response = await fetch(`${gateway.url}/api/orders`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: sent,
    });
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
  });

  test("an event arrives while the stream is open, and a client that leaves ends it at the service", async () => {
    const token = await issuer.sign();
    stubs.order.answer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: first\n\n");
    });
    const left = stubs.order.aborted();
    const response = await rawCall("/api/orders/42/events", { authorization: `Bearer ${token}` });
    const [chunk] = (await once(response, "data")) as [Buffer];
    expect(chunk.toString()).toBe("data: first\n\n");
    response.destroy();
    await waitFor(() => stubs.order.aborted() === left + 1);
  });

  test("an event stream outlives the deadline of other answers", async () => {
    const token = await issuer.sign();
    let write: (text: string) => void = () => undefined;
    stubs.order.answer((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.flushHeaders();
      write = (text) => response.write(text);
    });
    const stream = await rawCall("/api/orders/42/events", { authorization: `Bearer ${token}` });
    const streamed = once(stream, "data");
    stubs.inventory.answer(() => undefined);
    expect((await call("/api/inventory")).body).toMatchObject({ code: "peer.timeout" });
    write("data: late\n\n");
    expect(String(((await streamed) as [Buffer])[0])).toBe("data: late\n\n");
    stream.destroy();
  });

  test("what a client claims about itself and the mesh does not get through", async () => {
    const response = await rawCall("/api/inventory", {
      "x-forwarded-for": "6.6.6.6",
      "x-forwarded-client-cert": "By=spiffe://cluster.local/ns/symphony/sa/order",
      "x-envoy-max-retries": "100",
      "x-request-id": "mine",
      "x-user-id": "admin",
      connection: "close, x-hop",
      "x-hop": "1",
      "x-correlation-id": "abc-123",
      "x-symphony-fault": "delay",
    });
    response.resume();
    const headers = stubs.inventory.seen[0]!.headers;
    expect(headers).toMatchObject({
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      "x-forwarded-host": new URL(gateway.url).host,
      "x-correlation-id": "abc-123",
      "x-symphony-fault": "delay",
      "x-request-id": response.headers["x-request-id"],
    });
    expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers["traceparent"]).toBeDefined();
    for (const name of ["x-forwarded-client-cert", "x-envoy-max-retries", "x-user-id", "x-hop"]) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(response.headers["x-correlation-id"]).toBe("abc-123");
    expect(response.headers.connection).toBe("close");
  });

  test("each request has an id of its own; connections to services are kept", async () => {
    const ports = new Set<number | undefined>();
    stubs.inventory.answer((request, response) => {
      ports.add(request.socket.remotePort);
      json(200, {})(request, response);
    });
    const ids = new Set<string | null>();
    for (let index = 0; index < 3; index++)
      ids.add((await call("/api/inventory")).headers.get("x-request-id"));
    expect(ids.size).toBe(3);
    expect(ports.size).toBe(1);
  });

  test.each([
    ["a service's own problem", 409, "application/problem+json", { code: "inventory.insufficient_stock" }],
    ["a service's 503 with a problem", 503, "application/problem+json", { code: "auth.keys_unavailable" }],
    ["a 500", 500, "application/json", { code: "internal" }],
  ])("%s passes as it is", async (_name, status, type, body) => {
    stubs.inventory.answer(json(status, body, { "content-type": type }));
    expect(await call("/api/inventory")).toMatchObject({ status, body });
  });

  test.each([
    [503, "peer.unavailable"],
    [502, "peer.unavailable"],
    [504, "peer.timeout"],
  ])("a sidecar's plain %i becomes a problem document", async (status, code) => {
    stubs.inventory.answer((_request, response) => {
      response.writeHead(status, { "content-type": "text/plain" }).end("no healthy upstream");
    });
    const answer = await call("/api/inventory");
    expect(answer).toMatchObject({ body: { code, correlationId: answer.headers.get("x-correlation-id") } });
    expect(answer.headers.get("content-type")).toMatch("application/problem+json");
    expect(answer.headers.get("x-service")).toBe("inventory");
  });

  test.each([
    [
      "cuts the connection",
      (_request: IncomingMessage, response: { destroy(): void }) => void response.destroy(),
      503,
      "peer.unavailable",
    ],
    ["says nothing", () => undefined, 504, "peer.timeout"],
  ])("a service that %s", async (_name, handler, status, code) => {
    stubs.inventory.answer(handler);
    expect(await call("/api/inventory")).toMatchObject({ status, body: { code } });
  });

  test("an answer that breaks off is seen as broken", async () => {
    stubs.inventory.answer((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("part", () => response.destroy());
    });
    await expect(call("/api/inventory")).rejects.toThrow();
  });

  test("HEAD has no body, 204 and 304 pass", async () => {
    expect((await call("/api/inventory", { method: "HEAD" })).status).toBe(200);
    for (const status of [204, 304]) {
      stubs.inventory.answer((_request, response) => void response.writeHead(status).end());
      expect((await call("/api/inventory")).status).toBe(status);
    }
  });

  test.each([
    ["/api/payments", "GET", 404, "service.not_found"],
    ["/api/inventory", "POST", 405, "request.method_not_allowed"],
    ["/api/inventory/..%2freservations", "GET", 400, "request.invalid"],
  ])("%s %s", async (path, method, status, code) => {
    expect(await call(path, { method })).toMatchObject({ status, body: { code } });
    expect(stubs.inventory.seen).toEqual([]);
  });
});

describe("tokens and groups", () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    sub: "x",
    email: "x@example.com",
    groups: ["admin-group"],
    iss: "symphony",
    aud: "symphony",
    exp: 9e9,
  };

  test.each([
    ["none", async () => undefined, "auth.token_missing"],
    ["nonsense", async () => "nonsense", "auth.token_invalid"],
    ["alg none", async () => `${encode({ alg: "none" })}.${encode(claims)}.`, "auth.token_invalid"],
    ["alg HS256", async () => `${encode({ alg: "HS256" })}.${encode(claims)}.AAAA`, "auth.token_invalid"],
    ["expired", () => issuer.sign({}, { expiresIn: "-1m" }), "auth.token_expired"],
    ["another issuer", () => issuer.sign({ iss: "elsewhere" }), "auth.token_invalid"],
    ["another audience", () => issuer.sign({ aud: "elsewhere" }), "auth.token_invalid"],
    [
      "a changed claim",
      async () => {
        const [head, , signature] = (await issuer.sign()).split(".");
        return `${head}.${encode(claims)}.${signature}`;
      },
      "auth.token_invalid",
    ],
  ])("%s does not pass", async (_name, make, code) => {
    const token = await make();
    for (const path of ["/api/orders", "/api/users/me"]) {
      const answer = await call(path, token === undefined ? {} : { token });
      expect(answer).toMatchObject({ status: 401, body: { code } });
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
    expect([...stubs.order.seen, ...stubs.user.seen]).toEqual([]);
  });

  test.each([
    ["/api/users/me", ["user-group"], 200],
    ["/api/users/me", ["admin-group"], 200],
    ["/api/users/me", ["another-group"], 403],
    ["/api/users/me", [], 403],
    ["/api/orders", [], 200],
  ])("%s with groups %j: %i", async (path, groups, status) => {
    expect((await call(path, { token: await issuer.sign({ groups }) })).status).toBe(status);
  });

  test.each([
    ["GET", "/api/inventory"],
    ["POST", "/api/users"],
    ["POST", "/api/users/login"],
  ])("%s %s is open, also with a token that has expired", async (method, path) => {
    expect((await call(path, { method })).status).toBe(200);
    const token = await issuer.sign({}, { expiresIn: "-1m" });
    expect((await call(path, { method, token })).status).toBe(200);
  });
});

describe("CORS", () => {
  test.each([
    ["http://localhost:3000", true],
    ["https://app.example.com", true],
    ["https://evil.example.com", false],
    ["http://app.example.com", false],
  ])("%s: %s", async (origin, allowed) => {
    const preflight = await call("/api/orders", {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST" },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(allowed ? origin : null);
    const answer = await call("/api/inventory", { headers: { origin } });
    expect(answer.headers.get("access-control-allow-origin")).toBe(allowed ? origin : null);
    expect(answer.headers.get("access-control-allow-credentials")).toBe("true");
    expect(answer.headers.get("access-control-expose-headers")?.split(",")).toEqual(
      expect.arrayContaining(["X-Request-ID", "RateLimit", "RateLimit-Policy", "Retry-After"]),
    );
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-methods": "GET,POST,PUT,DELETE",
      "access-control-allow-headers": "Accept,Content-Type,Authorization,Idempotency-Key,X-Correlation-ID",
      "access-control-max-age": "3600",
    });
    expect(stubs.order.seen).toEqual([]);
  });

  test("an error has the headers too, so that the page can read it", async () => {
    const answer = await call("/api/orders", { headers: { origin: "http://localhost:3000" } });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("access-control-allow-origin")).toBe("http://localhost:3000");
  });
});
