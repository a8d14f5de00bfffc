import { v7 as uuidv7 } from "uuid";

import { type Harness, startHarness, type User } from "../../test/support/order/harness";

let h: Harness;
let user: User;

beforeAll(async () => {
  h = await startHarness();
  user = await h.user();
}, 60_000);
afterAll(() => h?.stop());

const valid = { productId: "metronome", quantity: 1 };

describe("bad input", () => {
  test.each<[string, Parameters<Harness["place"]>[1], number, string, string?]>([
    ["no key", { key: "" }, 400, "idempotency.key_missing"],
    ["a long key", { key: "k".repeat(256) }, 400, "request.invalid", "idempotency-key"],
    ["malformed JSON", { body: "{" }, 400, "request.malformed_json"],
    ["no object", { body: "[]" }, 400, "request.invalid", "body"],
    ["a negative quantity", { body: { ...valid, quantity: -1 } }, 400, "request.invalid", "quantity"],
    ["a huge quantity", { body: { ...valid, quantity: 1e9 } }, 400, "request.invalid", "quantity"],
    ["half a piece", { body: { ...valid, quantity: 1.5 } }, 400, "request.invalid", "quantity"],
    ["a quantity as text", { body: { ...valid, quantity: "1" } }, 400, "request.invalid", "quantity"],
    ["no product", { body: { quantity: 1 } }, 400, "request.invalid", "productId"],
    ["an unknown field", { body: { ...valid, price: 1 } }, 400, "request.invalid", "price"],
    [
      "a bad country",
      { body: { ...valid, address: { country: "x" } } },
      400,
      "request.invalid",
      "address.country",
    ],
    ["a bad token", { body: { ...valid, paymentToken: "a b" } }, 400, "request.invalid", "paymentToken"],
    ["an unknown pattern", { pattern: "magic" }, 400, "request.invalid", "pattern"],
  ])("%s", async (...[, request, status, code, field]) => {
    const answer = await h.place(user, request);
    expect(answer).toMatchObject({ status, body: { code } });
    if (field) {
      expect((answer.body.errors as { path: string }[]).map(({ path }) => path)).toContain(field);
    }
  });

  test.each([
    ["/orders?limit=0", "limit"],
    ["/orders?limit=x", "limit"],
    ["/orders?cursor=x", "cursor"],
    ["/orders/42", "orderId"],
  ])("GET %s", async (path, field) => {
    const { status, body } = await h.get(user, path);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ path: field }]);
  });

  test("a token is required", async () => {
    expect((await fetch(`${h.order.url}/orders`)).status).toBe(401);
    expect((await h.place({ id: "", token: "forged" })).status).toBe(401);
  });
});

describe("who sees an order", () => {
  test.each(["", "/timeline", "/events"])("GET /orders/:orderId%s", async (suffix) => {
    const { body } = await h.place(user, { body: valid });
    const path = `/orders/${body.id}${suffix}`;
    const stranger = await h.user();
    expect(await h.get(stranger, path)).toMatchObject({ status: 404, body: { code: "order.not_found" } });
    expect((await h.get(stranger, `/orders/${uuidv7()}${suffix}`)).status).toBe(404);
    if (suffix === "/events") return;
    expect((await h.get(user, path)).status).toBe(200);
    expect((await h.get(await h.user({ admin: true }), path)).status).toBe(200);
  });
});

test("one's own orders come in pages, newest first", async () => {
  const owner = await h.user();
  const placed: (string | undefined)[] = [];
  for (let index = 0; index < 5; index += 1) placed.unshift((await h.place(owner, { body: valid })).body.id);
  const seen: unknown[] = [];
  let cursor: unknown = "";
  while (cursor !== null) {
    const { body } = await h.get(owner, `/orders?limit=2${cursor ? `&cursor=${String(cursor)}` : ""}`);
    const items = body.items as { id: string }[];
    expect(items.length).toBeLessThanOrEqual(2);
    seen.push(...items.map(({ id }) => id));
    cursor = body.nextCursor;
  }
  expect(seen).toEqual(placed);
});

test("an empty list has no next page", async () => {
  expect((await h.get(await h.user(), "/orders")).body).toEqual({ items: [], nextCursor: null });
});

test("the OpenAPI document describes every route", async () => {
  const document = (await (await fetch(`${h.order.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(document.paths).sort()).toEqual([
    "/orders",
    "/orders/{orderId}",
    "/orders/{orderId}/events",
    "/orders/{orderId}/timeline",
  ]);
});
