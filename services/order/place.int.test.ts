import { v7 as uuidv7 } from "uuid";

import { type EventName, events } from "../../lib/events";
import { type Harness, startHarness, type User } from "../../test/support/order/harness";
import { waitFor } from "../../test/support/wait-for";

jest.setTimeout(30_000);

let h: Harness;
let user: User;

beforeAll(async () => {
  h = await startHarness({ CALL_DEADLINE_MS: "500", WATCHDOG_INTERVAL_MS: "3600000" });
}, 60_000);
afterAll(() => h?.stop());
beforeEach(async () => {
  h.peers.reset();
  user = await h.user();
});

const count = async (table: string, userId: string): Promise<number> => {
  const { rows } = await h.order.db.query<{ count: number }>(
    `select count(*) as count from ${table} where user_id = $1`,
    [userId],
  );
  return rows[0]?.count ?? -1;
};

describe("saga and events", () => {
  test.each([
    ["saga", "saga_started", ["order.created", "order.saga-started"]],
    ["events", "pending", ["order.created"]],
  ])("%s: 202 with the order, and its events", async (pattern, status, expected) => {
    const correlationId = uuidv7();
    const { status: code, headers, body } = await h.place(user, { pattern, correlationId });
    expect(code).toBe(202);
    expect(body).toMatchObject({ status, pattern, amountCents: 9_980, currency: "EUR", correlationId });
    expect(headers.get("location")).toBe(`orders/${body.id}`);
    expect(headers.get("idempotent-replayed")).toBeNull();
    await waitFor(() => h.eventsOf(body.id!).length === expected.length);
    expect(h.eventsOf(body.id!)).toEqual(expected);
    for (const event of h.events.filter(({ data }) => data.order_id === body.id)) {
      expect(event.headers["ce-correlationid"]).toBe(correlationId);
      expect(events[event.name as EventName].schema.parse(event.data)).toEqual(event.data);
    }
    expect((await h.get(user, `/orders/${body.id}`)).body).toEqual(body);
    const { body: timeline } = await h.get(user, `/orders/${body.id}/timeline`);
    expect((timeline.items as { event: string }[]).map(({ event }) => event)).toEqual(expected);
  });

  test("saga is the default", async () => {
    expect((await h.place(user)).body.pattern).toBe("saga");
  });

  test("an order whose saga cannot start is rolled back, and its key is free again", async () => {
    const key = uuidv7();
    await h.order.db.query(
      "alter table outbox add constraint no_start check (subject <> 'order.saga-started') not valid",
    );
    const failed = await h.place(user, { key });
    await h.order.db.query("alter table outbox drop constraint no_start");
    expect(failed).toMatchObject({ status: 500, body: { code: "internal" } });
    expect(await count("orders", user.id)).toBe(0);
    expect(await count("idempotency_keys", user.id)).toBe(0);
    expect(h.events.filter(({ data }) => data.user_id === user.id)).toEqual([]);
    expect((await h.place(user, { key })).status).toBe(202);
  });
});

describe("rest and grpc", () => {
  test.each(["rest", "grpc"] as const)("%s: 201 with the confirmed order", async (pattern) => {
    const { status, body } = await h.place(user, { pattern });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: "confirmed", pattern, amountCents: 9_980 });
    expect(h.peers.called()).toEqual(["findProduct", "reserve", "charge", "ship"]);
    expect(new Set(h.peers.calls.map(({ protocol }) => protocol))).toEqual(new Set([pattern]));
    await waitFor(() => h.eventsOf(body.id!).length === 2);
    expect(h.eventsOf(body.id!)).toEqual(["order.created", "saga.completed"]);
  });

  type Failing = Harness["peers"]["failing"];
  const cases: [Failing, number, string, string[]][] = [
    [{ charge: "payment.declined" }, 402, "payment.declined", ["release"]],
    [{ ship: "shipping.destination_refused" }, 422, "shipping.destination_refused", ["refund", "release"]],
    [{ reserve: "inventory.insufficient_stock" }, 409, "inventory.insufficient_stock", []],
    [{ charge: "payment.provider_error" }, 502, "payment.provider_error", ["refund", "release"]],
    [{ ship: "silent" }, 504, "peer.timeout", ["cancelShipment", "refund", "release"]],
  ];
  const bothWays = cases.flatMap((row) => ["rest", "grpc"].map((pattern) => [pattern, ...row] as const));
  test.each(bothWays)("%s with %j: %i %s after %j", async (...[pattern, failing, status, code, undone]) => {
    h.peers.failing = failing;
    const key = uuidv7();
    const answer = await h.place(user, { pattern, key });
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers.get("content-type")).toContain("application/problem+json");
    const undoing = ["cancelShipment", "refund", "release"];
    expect(h.peers.called().filter((method) => undoing.includes(method))).toEqual(undone);
    const orderId = String(answer.body.orderId);
    const { body: order } = await h.get(user, `/orders/${orderId}`);
    expect(order).toMatchObject({ status: "failed", failureCode: code });
    await waitFor(() => h.eventsOf(orderId).length === 2);
    expect(h.eventsOf(orderId)).toEqual(["order.created", "saga.failed"]);
    const replayed = await h.place(user, { pattern, key });
    expect(replayed.headers.get("idempotent-replayed")).toBe("true");
    expect(replayed).toMatchObject({ status, body: answer.body });
  });

  test("an undo that fails leaves the rest to the backward chain", async () => {
    h.peers.failing = { ship: "shipping.no_capacity", refund: "peer.unavailable" };
    const { status, body } = await h.place(user, { pattern: "rest" });
    expect({ status, code: body.code }).toEqual({ status: 409, code: "shipping.no_capacity" });
    expect(h.peers.called()).toEqual(["findProduct", "reserve", "charge", "ship", "refund"]);
    const { body: open } = await h.get(user, `/orders/${String(body.orderId)}`);
    expect(open.status).toBe("compensating");
    await waitFor(() => h.eventsOf(open.id!).includes("order.cancelled"));
    const order = open as Parameters<Harness["tell"]>[1];
    await h.tell("payment.refunded", order);
    await h.tell("inventory.released", order);
    await h.reaches(user, open.id!, "failed");
    await waitFor(() => h.eventsOf(open.id!).includes("saga.failed"));
  });

  test("not enough stock is refused before there is an order, for good", async () => {
    h.peers.product.available = 1;
    const key = uuidv7();
    for (const replayed of [null, "true"]) {
      const { status, headers, body } = await h.place(user, { pattern: "rest", key });
      expect({ status, code: body.code }).toEqual({ status: 409, code: "inventory.insufficient_stock" });
      expect(headers.get("idempotent-replayed")).toBe(replayed);
    }
    expect(await count("orders", user.id)).toBe(0);
  });

  test("a failure before there is an order is not stored", async () => {
    h.peers.failing = { findProduct: "peer.unavailable" };
    const key = uuidv7();
    expect((await h.place(user, { pattern: "rest", key })).body.code).toBe("peer.unavailable");
    h.peers.reset();
    expect((await h.place(user, { pattern: "rest", key })).status).toBe(201);
  });
});

describe("idempotency", () => {
  test("the stored answer comes again, also from concurrent requests", async () => {
    const key = uuidv7();
    const answers = await Promise.all(Array.from({ length: 8 }, () => h.place(user, { key })));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
    const fresh = answers.filter(({ headers }) => headers.get("idempotent-replayed") === null);
    expect(fresh).toHaveLength(1);
    expect(await count("orders", user.id)).toBe(1);
  });

  test.each([
    ["another quantity", { body: { productId: "metronome", quantity: 3 } }],
    ["another pattern", { pattern: "events" }],
  ])("the same key with %s is refused", async (_what, other) => {
    const key = uuidv7();
    await h.place(user, { key });
    expect(await h.place(user, { key, ...other })).toMatchObject({
      status: 422,
      body: { code: "idempotency.key_reused" },
    });
  });

  test("keys of different users have nothing to do with each other", async () => {
    const key = uuidv7();
    const [first, second] = [await h.place(user, { key }), await h.place(await h.user(), { key })];
    expect(second.status).toBe(202);
    expect(second.body.id).not.toBe(first.body.id);
  });

  test("a request that is still running is told so", async () => {
    h.peers.failing = { charge: "silent" };
    const key = uuidv7();
    const running = h.place(user, { key, pattern: "rest" });
    await waitFor(() => h.peers.called().includes("charge"));
    const second = await h.place(user, { key, pattern: "rest" });
    expect(second).toMatchObject({ status: 409, body: { code: "idempotency.in_progress" } });
    expect(Number(second.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await running).body.code).toBe("peer.timeout");
    expect((await h.place(user, { key, pattern: "rest" })).body.code).toBe("peer.timeout");
  });

  test("a process that died before it made an order: the request runs again", async () => {
    const key = uuidv7();
    const { body } = await h.place(user, { key, pattern: "rest" });
    await h.order.db.query(
      `update idempotency_keys set answer_status = null, lease_until = now(), order_id = $2 where order_id = $1`,
      [body.id, uuidv7()],
    );
    const again = await h.place(user, { key, pattern: "rest" });
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(body.id);
  });

  test("a process that died with an open order: the order is cancelled", async () => {
    const key = uuidv7();
    const { body } = await h.place(user, { key, pattern: "rest" });
    await h.order.db.query(
      `with opened as (update orders set status = 'pending', completed_at = null where id = $1)
       update idempotency_keys set answer_status = null, lease_until = now() where order_id = $1`,
      [body.id],
    );
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const again = await h.place(user, { key, pattern: "rest" });
      expect(again).toMatchObject({ status: 409, body: { code: "order.cancelled", orderId: body.id } });
    }
    expect((await h.get(user, `/orders/${body.id}`)).body.status).toBe("compensating");
    await waitFor(() => h.eventsOf(body.id!).includes("order.cancelled"));
  });
});

describe("prices", () => {
  const age = (product: string, interval: string) =>
    h.order.db.query(
      "update product_quotes set fetched_at = now() - $2::interval, price_cents = 100 where product_id = $1",
      [product, interval],
    );
  const order = (productId: string) => h.place(user, { body: { productId, quantity: 1 } });

  test("a fresh quote spares the call", async () => {
    const product = uuidv7();
    await Promise.all([order(product), order(product)]);
    await order(product);
    expect(h.peers.called()).toEqual(["findProduct"]);
  });

  test("an old quote is used at once and renewed in the background", async () => {
    const product = uuidv7();
    await order(product);
    await age(product, "10 minutes");
    expect((await order(product)).body.amountCents).toBe(100);
    await waitFor(async () => (await order(product)).body.amountCents === 4_990);
    expect(h.peers.called()).toEqual(["findProduct", "findProduct"]);
  });

  test("a quote of yesterday is used only where inventory cannot be asked", async () => {
    const product = uuidv7();
    await order(product);
    await age(product, "1 day");
    h.peers.failing = { findProduct: "internal" };
    expect((await order(product)).body.amountCents).toBe(100);
    h.peers.reset();
    expect((await order(product)).body.amountCents).toBe(4_990);
  });

  test("without any quote the order is refused, and a retry may succeed", async () => {
    h.peers.failing = { findProduct: "internal" };
    const request = { key: uuidv7(), body: { productId: uuidv7(), quantity: 1 } };
    expect(await h.place(user, request)).toMatchObject({ status: 503, body: { code: "peer.unavailable" } });
    h.peers.reset();
    expect((await h.place(user, request)).status).toBe(202);
  });

  test("an unknown product is refused for good", async () => {
    h.peers.failing = { findProduct: "product.not_found" };
    const request = { key: uuidv7(), body: { productId: uuidv7(), quantity: 1 } };
    expect(await h.place(user, request)).toMatchObject({ status: 404, body: { code: "product.not_found" } });
    h.peers.reset();
    expect((await h.place(user, request)).headers.get("idempotent-replayed")).toBe("true");
  });
});
