import { v7 as uuidv7 } from "uuid";

import type { EventData, EventName } from "../../lib/events";
import { createGrpcClient, type GrpcClient } from "../../lib/grpc";
import { collectEvents, type EventCollector, publishEvent, sampleEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { startTestIssuer, type TestIssuer } from "../../test/support/tokens";
import { waitFor } from "../../test/support/wait-for";
import { service as definition } from "./service";

let service: TestService;
let issuer: TestIssuer;
let collector: EventCollector;
let grpc: GrpcClient<"symphony.inventory.v1.InventoryService">;

beforeAll(async () => {
  issuer = await startTestIssuer();
  service = await startTestService(definition, { JWKS_URL: issuer.jwksUrl });
  grpc = createGrpcClient({
    service: "symphony.inventory.v1.InventoryService",
    target: service.grpcTarget!,
  });
  collector = await waitFor(() => collectEvents(service.environment.NATS_URL!));
});

afterAll(async () => {
  grpc?.close();
  await collector?.stop();
  await service?.stop();
  await issuer?.stop();
});

/** What the answers of this service have, all told. */
type Answer = {
  items: { id: string }[];
  nextCursor: string | null;
  available: number;
  status: unknown;
  errors?: { path: string }[];
};

async function call(method: string, path: string, options: { body?: unknown; token?: string } = {}) {
  const response = await fetch(`${service.url}${path}`, {
    method,
    headers: {
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer };
}

const newReference = () => ({ sagaId: uuidv7(), userId: uuidv7(), pattern: "rest" });
const newOrder = () => ({ orderId: uuidv7(), ...newReference(), productId: "tamper", quantity: 2 });
const newGrpcOrder = () => ({
  order_id: uuidv7(),
  saga_id: uuidv7(),
  user_id: uuidv7(),
  pattern: "grpc",
  product_id: "tamper",
  quantity: 2,
});

async function publish<N extends EventName>(name: N, data: Partial<EventData<N>>): Promise<EventData<N>> {
  const event = sampleEvent(name, { product_id: "tamper", ...data } as Partial<EventData<N>>);
  await publishEvent(service.environment.NATS_URL!, name, event);
  return event;
}

const eventsOf = (orderId: string) =>
  collector.events.filter(({ name, data }) => data.order_id === orderId && /^inventory\./.test(name));
const eventOf = (orderId: string, name: string) =>
  waitFor(() => eventsOf(orderId).find((event) => event.name === name), { what: `${name} of ${orderId}` });
const statusOf = async (orderId: string) => (await call("GET", `/reservations/${orderId}`)).body.status;
const available = async (productId: string) => (await call("GET", `/inventory/${productId}`)).body.available;

describe("the catalogue over REST", () => {
  test("is paged by a cursor, and a product is read alone", async () => {
    const ids: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const { status, body } = await call("GET", `/inventory?limit=10${cursor && `&cursor=${cursor}`}`);
      expect(status).toBe(200);
      ids.push(...body.items.map(({ id }) => id));
      cursor = body.nextCursor;
    }
    expect(ids).toHaveLength(24);
    expect(ids).toEqual([...new Set(ids)].sort());
    expect((await call("GET", "/inventory")).body.items).toHaveLength(20);

    expect(await call("GET", "/inventory/espresso-machine")).toEqual({
      status: 200,
      body: {
        id: "espresso-machine",
        name: "Espresso machine",
        description: expect.any(String),
        priceCents: 79900,
        currency: "EUR",
        available: 1_000_000,
      },
    });
  });

  test.each([
    ["/inventory?limit=0", 400, "request.invalid", "limit"],
    ["/inventory?limit=101", 400, "request.invalid", "limit"],
    ["/inventory?limit=ten", 400, "request.invalid", "limit"],
    ["/inventory?cursor=broken", 400, "request.invalid", "cursor"],
    ["/inventory?page=2", 400, "request.invalid", "page"],
    ["/inventory/No%20Such", 400, "request.invalid", "productId"],
    ["/inventory/no-such", 404, "product.not_found", undefined],
  ])("GET %s: %i %s", async (path, status, code, field) => {
    const answer = await call("GET", path);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body.errors?.[0]?.path).toBe(field);
  });

  test("only an administrator restocks", async () => {
    const restock = (token?: string, body: unknown = { quantity: 5 }, id = "milk-jug") =>
      call("POST", `/inventory/${id}/restock`, { body, ...(token ? { token } : {}) });
    const admin = await issuer.sign({ groups: ["admin-group"] });
    const before = await available("milk-jug");

    expect(await restock()).toMatchObject({ status: 401, body: { code: "auth.token_missing" } });
    expect(await restock(await issuer.sign())).toMatchObject({
      status: 403,
      body: { code: "auth.forbidden" },
    });
    for (const quantity of [-1, 0, 1.5, "5", 1e12]) {
      expect(await restock(admin, { quantity })).toMatchObject({
        status: 400,
        body: { code: "request.invalid" },
      });
    }
    expect(await restock(admin, undefined, "no-such")).toMatchObject({ status: 404 });
    expect(await restock(admin)).toMatchObject({ status: 200, body: { available: before + 5 } });
  });
});

describe("reservations over REST", () => {
  test("reserve, reserve again, release", async () => {
    const order = newOrder();
    const first = await call("POST", "/reservations", { body: order });
    expect(first).toMatchObject({ status: 201, body: { ...order, status: "reserved", failureCode: null } });
    expect(await call("POST", "/reservations", { body: order })).toEqual(first);
    expect(await eventOf(order.orderId, "inventory.reserved")).toMatchObject({ data: { amount: 6580 } });

    const { sagaId, userId, pattern } = order;
    const body = { sagaId, userId, pattern, reason: "a test" };
    const released = await call("POST", `/reservations/${order.orderId}/release`, { body });
    expect(released).toMatchObject({ status: 200, body: { status: "released" } });
    expect(await call("POST", `/reservations/${order.orderId}/release`, { body })).toEqual(released);
    expect(await eventOf(order.orderId, "inventory.released")).toMatchObject({
      data: { quantity: 2, reason: "a test" },
    });
    expect(await call("POST", "/reservations", { body: order })).toMatchObject({
      status: 409,
      body: { code: "order.cancelled" },
    });
  });

  test.each([
    [{ productId: "limited-print", quantity: 4 }, 409, "inventory.insufficient_stock"],
    [{ productId: "no-such" }, 404, "product.not_found"],
    [{ quantity: -2 }, 400, "request.invalid"],
    [{ quantity: 1_000_001 }, 400, "request.invalid"],
    [{ colour: "red" }, 400, "request.invalid"],
    [{ orderId: "42" }, 400, "request.invalid"],
  ])("%o is refused with %i %s", async (change, status, code) => {
    const order = { ...newOrder(), ...change };
    expect(await call("POST", "/reservations", { body: order })).toMatchObject({ status, body: { code } });
    if (code === "request.invalid") return;
    const { data } = await eventOf(order.orderId, "inventory.reservation-failed");
    expect(data.reason).toMatch(new RegExp(`^${code}: `));
  });

  test("a reservation that does not exist", async () => {
    expect(await call("GET", `/reservations/${uuidv7()}`)).toMatchObject({
      status: 404,
      body: { code: "reservation.not_found" },
    });
  });
});

describe("gRPC", () => {
  test("reserve, release, and a reservation that comes too late", async () => {
    const order = newGrpcOrder();
    const { order_id, saga_id, user_id, pattern } = order;
    const undo = { order_id, saga_id, user_id, pattern, reason: "a test" };
    const success = { success: true, error_code: "", error_message: "" };
    expect(await grpc.reserveInventory(order)).toEqual(success);
    expect(await grpc.reserveInventory(order)).toEqual(success);
    expect(await grpc.releaseInventory(undo)).toEqual(success);
    expect(await grpc.reserveInventory(order)).toMatchObject({
      success: false,
      error_code: "order.cancelled",
    });
    await eventOf(order.order_id, "inventory.released");
    expect(eventsOf(order.order_id).map(({ name }) => name)).toEqual([
      "inventory.reserved",
      "inventory.released",
    ]);
  });

  test.each([
    [{ product_id: "retired-roaster" }, "inventory.insufficient_stock"],
    [{ product_id: "no-such" }, "product.not_found"],
  ])("%o is answered with %s", async (change, code) => {
    expect(await grpc.reserveInventory({ ...newGrpcOrder(), ...change })).toEqual({
      success: false,
      error_code: code,
      error_message: expect.stringContaining(change.product_id),
    });
  });

  test("a request that is not valid names its field", async () => {
    await expect(grpc.reserveInventory({ ...newGrpcOrder(), quantity: 0 })).rejects.toMatchObject({
      code: "request.invalid",
      message: expect.stringContaining("quantity"),
    });
  });

  test("availability", async () => {
    expect(await grpc.checkAvailability({ product_id: "limited-print", quantity: 4 })).toEqual({
      available: false,
      available_quantity: 3,
      price_cents: 12000,
      currency: "EUR",
    });
    await expect(grpc.checkAvailability({ product_id: "no-such", quantity: 1 })).rejects.toMatchObject({
      code: "product.not_found",
    });
  });
});

describe("events", () => {
  test.each(["order.saga-started", "order.created"] as const)(
    "%s reserves and passes the order on",
    async (name) => {
      const pattern = name === "order.created" ? "events" : "saga";
      const data = await publish(name, { pattern, amount: 1234 });
      const { amount, currency, payment_token, address, product_id, quantity } = data;
      expect(await eventOf(data.order_id, "inventory.reserved")).toMatchObject({
        data: { pattern, amount, currency, payment_token, address, product_id, quantity },
      });
    },
  );

  test("stock that is short, and a product that is unknown", async () => {
    const short = await publish("order.saga-started", { product_id: "retired-roaster" });
    const unknown = await publish("order.saga-started", { product_id: "no-such" });
    expect((await eventOf(short.order_id, "inventory.reservation-failed")).data.reason).toMatch(
      /^inventory\.insufficient_stock: /,
    );
    expect((await eventOf(unknown.order_id, "inventory.reservation-failed")).data.reason).toMatch(
      /^product\.not_found: /,
    );
  });

  test.each(["payment.failed", "payment.refunded"] as const)("%s releases, once", async (name) => {
    const order = await publish("order.saga-started", {});
    await eventOf(order.order_id, "inventory.reserved");
    const undone = { order_id: order.order_id, reason: "declined" };
    await publish(name, undone);
    await publish(name, undone);
    const { data } = await eventOf(order.order_id, "inventory.released");
    expect(data).toMatchObject({ quantity: 2, reason: "declined" });
    expect(await statusOf(order.order_id)).toBe("released");
  });

  test("a release that comes first is answered with quantity 0, and the order is not reserved any more", async () => {
    const { order_id } = await publish("payment.refunded", {});
    expect((await eventOf(order_id, "inventory.released")).data.quantity).toBe(0);
    await publish("order.saga-started", { order_id });
    const next = await publish("order.saga-started", {});
    await eventOf(next.order_id, "inventory.reserved");
    expect(await statusOf(order_id)).toBe("void");
    expect(eventsOf(order_id)).toHaveLength(1);
  });

  test("a completed saga sells, also where its event came before the reservation", async () => {
    const first = await publish("order.saga-started", {});
    await eventOf(first.order_id, "inventory.reserved");
    await publish("saga.completed", { order_id: first.order_id });
    await waitFor(async () => (await statusOf(first.order_id)) === "sold");

    const late = await publish("saga.completed", {});
    await publish("order.saga-started", { order_id: late.order_id });
    await waitFor(async () => (await statusOf(late.order_id)) === "sold");
  });

  test("what concerns other patterns has no effect", async () => {
    const created = await publish("order.created", { pattern: "saga" });
    const order = await publish("order.created", { pattern: "events" });
    await eventOf(order.order_id, "inventory.reserved");
    await publish("payment.failed", { order_id: order.order_id, pattern: "events" });
    const next = await publish("order.saga-started", {});
    await eventOf(next.order_id, "inventory.reserved");
    expect(await statusOf(order.order_id)).toBe("reserved");
    expect(await statusOf(created.order_id)).toBe(404);
  });
});

test("the stock is whole after all of this", async () => {
  const { rows } = await service.db.query<{ id: string }>(
    `select products.id
     from products left join reservations on product_id = products.id
     group by products.id
     having products.reserved <> coalesce(sum(quantity) filter (where status = 'reserved'), 0)
         or products.sold <> coalesce(sum(quantity) filter (where status = 'sold'), 0)`,
  );
  expect(rows).toEqual([]);
});
