import { v7 as uuidv7 } from "uuid";

import { startTestGateway, type TestGateway } from "../../test/support/gateway";
import { json } from "../../test/support/stub-server";
import { waitFor } from "../../test/support/wait-for";

let bench: TestGateway;
let issuer: TestGateway["issuer"];
let stubs: TestGateway["stubs"];
let call: TestGateway["call"];

beforeAll(async () => {
  bench = await startTestGateway();
  ({ issuer, stubs, call } = bench);
});
afterAll(() => bench.stop());
beforeEach(() => bench.reset());

describe("composition", () => {
  const orderId = uuidv7();
  const details = async () => call(`/api/orders/${orderId}/details`, { token: await issuer.sign() });
  const problem = (status: number, code: string) =>
    json(status, { code, detail: "x" }, { "content-type": "application/problem+json" });

  test("is the order with its payment, shipment and notifications", async () => {
    stubs.order.answer(json(200, { id: orderId }));
    stubs.payment.answer(json(200, { amountCents: 5 }));
    stubs.shipping.answer(problem(404, "shipment.not_found"));
    stubs.notification.answer(json(200, { items: [{ kind: "confirmed" }], nextCursor: null }));
    const answer = await details();
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.body).toEqual({
      order: { id: orderId },
      payment: { amountCents: 5 },
      shipment: null,
      notifications: [{ kind: "confirmed" }],
      missing: [],
    });
    expect(stubs.order.seen).toMatchObject([
      { url: `/orders/${orderId}`, headers: { authorization: expect.stringMatching(/^Bearer /) } },
    ]);
    expect(stubs.payment.seen).toMatchObject([{ url: `/payments/${orderId}` }]);
    expect(stubs.payment.seen[0]?.headers).not.toHaveProperty("authorization");
    expect(stubs.notification.seen).toMatchObject([{ url: `/notifications?orderId=${orderId}` }]);
    expect(stubs.payment.seen[0]?.headers["x-correlation-id"]).toBe(answer.headers.get("x-correlation-id"));
  });

  test("lacks what cannot be asked, and says so", async () => {
    stubs.order.answer(json(200, { id: orderId }));
    stubs.payment.answer(json(500, {}));
    stubs.shipping.answer((_request, response) => void response.destroy());
    stubs.notification.answer(json(200, "nonsense"));
    expect(await details()).toMatchObject({
      status: 200,
      body: {
        payment: null,
        shipment: null,
        notifications: null,
        missing: ["notification", "payment", "shipping"],
      },
    });
  });

  test.each([
    ["somebody else's order", problem(403, "auth.forbidden"), 403, "auth.forbidden"],
    ["no order", problem(404, "order.not_found"), 404, "order.not_found"],
    ["no order service", json(500, {}), 503, "peer.unavailable"],
  ])("%s: nothing gets out", async (_name, handler, status, code) => {
    stubs.order.answer(handler);
    stubs.payment.answer(json(200, { amountCents: 5 }));
    const answer = await details();
    expect(answer).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(answer.body)).not.toContain("amountCents");
  });

  test.each([
    ["without a token", `/api/orders/${orderId}/details`, false, 401],
    ["with an id that is none", "/api/orders/42/details", true, 400],
  ])("%s", async (_name, path, withToken, status) => {
    expect((await call(path, withToken ? { token: await issuer.sign() } : {})).status).toBe(status);
  });
});

test("the outer API's document is made of the services' own", async () => {
  stubs.inventory.answer(
    json(200, { openapi: "3.1.0", paths: { "/inventory": { get: {}, post: {} } }, components: {} }),
  );
  stubs.order.answer((_request, response) => void response.destroy());
  stubs.user.answer(json(200, { openapi: "3.1.0", paths: { "/users/me": { get: {} } } }));
  const { status, body } = await call("/openapi.json");
  expect(status).toBe(200);
  expect(Object.keys(body["paths"] as object).sort()).toEqual([
    "/api/inventory",
    "/api/orders/{orderId}/details",
    "/api/users/me",
    "/health",
  ]);
  expect(body["x-unavailable"]).toEqual(["order"]);
});

test("the article's metrics count by service, method and status", async () => {
  await call("/api/inventory");
  await call("/api/nothing");
  const metrics = await waitFor(async () => {
    const { text } = (await call("/metrics")).body;
    const found = /gateway_requests_total\{[^}]*service="inventory"[^}]*status="200"[^}]*\} \d/.test(
      String(text),
    );
    return found && String(text);
  });
  expect(metrics).toMatch(/gateway_request_duration_seconds_count\{[^}]*service="inventory",method="GET"/);
  expect(metrics).toMatch(/circuit_breaker_state\{service="order"\} 0/);
});
