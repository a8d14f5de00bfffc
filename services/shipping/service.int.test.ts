import { v7 as uuidv7 } from "uuid";

import { type Address, type EventData, type EventName, events } from "../../lib/events";
import { createGrpcClient, type GrpcClient } from "../../lib/grpc";
import { publishEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { service } from "./service";

let shipping: TestService;
let grpc: GrpcClient<"symphony.shipping.v1.ShippingService">;

beforeAll(async () => {
  shipping = await startTestService(service);
  grpc = createGrpcClient({
    service: "symphony.shipping.v1.ShippingService",
    target: shipping.grpcTarget ?? "",
  });
});

afterAll(async () => {
  grpc?.close();
  await shipping?.stop();
});

const address: Address = { line1: "1 Main Street", city: "Lisbon", postalCode: "1000-001", country: "PT" };
const refused: Address = { ...address, country: "AQ" };

type Order = ReturnType<typeof newOrder>;

function newOrder(pattern: "rest" | "grpc" | "events" | "saga" = "rest") {
  return { orderId: uuidv7(), sagaId: uuidv7(), userId: uuidv7(), pattern };
}

async function post(path: string, body: unknown, to = shipping) {
  const response = await fetch(`${to.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function schedule(order: Order, to = shipping, destination = address) {
  return post("/shipments", { ...order, address: destination }, to);
}

function cancel({ orderId, ...order }: Order, to = shipping) {
  return post(`/shipments/${orderId}/cancel`, { ...order, reason: "order.timed_out" }, to);
}

/** Publishes an event with an id of its own and returns that id. */
async function publish<N extends EventName>(name: N, data: EventData<N>): Promise<string> {
  const id = uuidv7();
  await publishEvent(shipping.environment.NATS_URL ?? "", name, data, { id });
  return id;
}

function paid(order: Order, destination = address): Promise<string> {
  return publish("payment.processed", {
    ...reference(order),
    product_id: "p-1",
    quantity: 2,
    amount: 1999,
    currency: "EUR",
    address: destination,
    payment_id: uuidv7(),
    processed_at: new Date().toISOString(),
  });
}

function cancelled(order: Order): Promise<string> {
  const cancelled_at = new Date().toISOString();
  return publish("order.cancelled", { ...reference(order), reason: "order.timed_out", cancelled_at });
}

function reference({ orderId, sagaId, userId, pattern }: Order) {
  return { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
}

/** Waits until each event has taken effect, or was found to have none. */
async function consumed(...ids: string[]): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await shipping.db.query<{ count: number }>(
        `select count(*) from inbox where message_id = any($1)`,
        [ids],
      );
      return rows[0]?.count === ids.length;
    },
    { what: `the consumption of ${ids.length} events`, timeoutMs: 20_000 },
  );
}

async function written(orderId: string): Promise<{ subject: EventName; data: Record<string, unknown> }[]> {
  const { rows } = await shipping.db.query<{ subject: EventName; data: string }>(
    `select subject, data from outbox where aggregate_id = $1 order by seq`,
    [orderId],
  );
  return rows.map(({ subject, data }) => ({ subject, data: events[subject].schema.parse(JSON.parse(data)) }));
}

async function subjects(orderId: string): Promise<string[]> {
  return (await written(orderId)).map(({ subject }) => subject);
}

async function shipmentOf(orderId: string): Promise<Record<string, unknown>> {
  return (await fetch(`${shipping.url}/shipments/${orderId}`)).json() as Promise<Record<string, unknown>>;
}

/** How many places the carrier counts as taken, and how many shipments take one. They must agree. */
async function carrierCount({ db } = shipping): Promise<{ booked: number; scheduled: number }> {
  const { rows } = await db.query<{ booked: number; scheduled: number }>(
    `select (select coalesce(sum(booked), 0) from carrier_days) as booked,
            (select count(*) from shipments where status = 'scheduled') as scheduled`,
  );
  return rows[0] ?? { booked: -1, scheduled: -1 };
}

afterEach(async () => {
  const { booked, scheduled } = await carrierCount();
  expect(booked).toBe(scheduled);
});

describe("REST", () => {
  test("an order is shipped once, and the same request is answered the same", async () => {
    const order = newOrder();
    const first = await schedule(order);
    expect(first).toMatchObject({ status: 201, body: { status: "scheduled", address } });
    expect(await schedule(order)).toEqual(first);
    expect(await shipmentOf(order.orderId)).toEqual(first.body);
    const { shipmentId, trackingNumber } = first.body;
    expect(await written(order.orderId)).toMatchObject([
      { subject: "shipping.scheduled", data: { shipment_id: shipmentId, tracking_number: trackingNumber } },
    ]);
  });

  test("a destination that the carrier refuses is refused, and again when it is repeated", async () => {
    const order = newOrder();
    for (const answer of [
      await schedule(order, shipping, refused),
      await schedule(order, shipping, refused),
    ]) {
      expect(answer).toMatchObject({ status: 422, body: { code: "shipping.destination_refused" } });
    }
    expect(await written(order.orderId)).toMatchObject([
      {
        subject: "shipping.failed",
        data: { reason: expect.stringMatching("^shipping.destination_refused: ") },
      },
    ]);
  });

  test("a shipment is cancelled once", async () => {
    const order = newOrder();
    await schedule(order);
    for (const answer of [await cancel(order), await cancel(order)]) {
      expect(answer).toMatchObject({ status: 200, body: { status: "cancelled", reason: "order.timed_out" } });
    }
    expect(await subjects(order.orderId)).toEqual(["shipping.scheduled", "shipping.failed"]);
    expect(await schedule(order)).toMatchObject({ status: 409, body: { code: "order.cancelled" } });
  });

  test("a cancellation that comes first leaves a tombstone", async () => {
    const order = newOrder();
    expect(await cancel(order)).toMatchObject({ status: 200, body: { status: "void", address: null } });
    expect(await schedule(order)).toMatchObject({ status: 409, body: { code: "order.cancelled" } });
    expect(await subjects(order.orderId)).toEqual(["shipping.failed"]);
  });

  test("an order without a shipment is not found", async () => {
    expect(await shipmentOf(uuidv7())).toMatchObject({ status: 404, code: "shipment.not_found" });
  });

  test.each([
    ["a country that is none", { address: { ...address, country: "Portugal" } }, "address.country"],
    ["an unknown field", { address: { ...address, planet: "Mars" } }, "address.planet"],
    ["an order that is no id", { orderId: "42" }, "orderId"],
    ["no address", { address: undefined }, "address"],
  ])("%s is bad input that names the field", async (_case, change, path) => {
    expect(await post("/shipments", { ...newOrder(), address, ...change })).toMatchObject({
      status: 400,
      body: { code: "request.invalid", errors: [expect.objectContaining({ path })] },
    });
  });

  test("schedulings and cancellations that race agree with the carrier's count", async () => {
    const orders = Array.from({ length: 25 }, () => newOrder());
    await Promise.all(
      orders.flatMap((order) => [schedule(order), cancel(order), schedule(order), cancel(order)]),
    );
    for (const { orderId } of orders) {
      expect(["void", "cancelled"]).toContain((await shipmentOf(orderId)).status);
      const told = await subjects(orderId);
      expect([["shipping.failed"], ["shipping.scheduled", "shipping.failed"]]).toContainEqual(told);
    }
  });
});

describe("capacity", () => {
  let small: TestService;

  beforeAll(async () => {
    small = await startTestService(service, { CARRIER_DAILY_CAPACITY: "5" });
  });

  afterAll(() => small?.stop());

  test("the carrier takes as many as it can, never more, and a cancellation gives a place back", async () => {
    const orders = Array.from({ length: 12 }, () => newOrder());
    const answers = await Promise.all(orders.map((order) => schedule(order, small)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(answer).toMatchObject({ status: 409, body: { code: "shipping.no_capacity" } });
    }
    expect(await carrierCount(small)).toEqual({ booked: 5, scheduled: 5 });

    const taken = orders.find((_order, index) => answers[index]?.status === 201);
    await cancel(taken!, small);
    expect(await schedule(newOrder(), small)).toMatchObject({ status: 201 });
    expect(await schedule(newOrder(), small)).toMatchObject({ status: 409 });
    expect(await carrierCount(small)).toEqual({ booked: 5, scheduled: 5 });
  });
});

describe("gRPC", () => {
  const { postalCode, ...place } = address;
  const request = (order: Order) => ({ ...reference(order), address: { ...place, postal_code: postalCode } });

  test("a shipment and its cancellation", async () => {
    const order = newOrder("grpc");
    const answer = await grpc.scheduleShipment(request(order));
    const { shipmentId, trackingNumber } = await shipmentOf(order.orderId);
    expect(answer).toMatchObject({ success: true, shipment_id: shipmentId, tracking_number: trackingNumber });
    expect(await grpc.cancelShipment({ ...reference(order), reason: "order.timed_out" })).toMatchObject({
      success: true,
    });
    expect(await grpc.scheduleShipment(request(order))).toMatchObject({
      success: false,
      error_code: "order.cancelled",
    });
  });

  test("a refusal is an answer without success", async () => {
    const order = newOrder("grpc");
    const answer = await grpc.scheduleShipment({
      ...reference(order),
      address: { ...place, postal_code: "00000" },
    });
    expect(answer).toMatchObject({
      success: false,
      error_code: "shipping.destination_refused",
      shipment_id: "",
    });
  });

  test("bad input is an error of the call", async () => {
    const withoutAddress = reference(newOrder("grpc"));
    await expect(grpc.scheduleShipment(withoutAddress)).rejects.toMatchObject({ code: "request.invalid" });
  });
});

describe("events", () => {
  test("a payment is shipped once, however often the event comes", async () => {
    const order = newOrder("saga");
    await consumed(...(await Promise.all(Array.from({ length: 5 }, () => paid(order)))));
    expect(await subjects(order.orderId)).toEqual(["shipping.scheduled"]);
  });

  test("a refusal is told", async () => {
    const order = newOrder("saga");
    await consumed(await paid(order, refused));
    expect(await written(order.orderId)).toMatchObject([
      {
        subject: "shipping.failed",
        data: { reason: expect.stringMatching("^shipping.destination_refused: "), pattern: "saga" },
      },
    ]);
  });

  test("a cancelled order's shipment is cancelled once", async () => {
    const order = newOrder("saga");
    await consumed(await paid(order));
    await consumed(...(await Promise.all(Array.from({ length: 5 }, () => cancelled(order)))));
    expect(await written(order.orderId)).toMatchObject([
      { subject: "shipping.scheduled" },
      { subject: "shipping.failed", data: { reason: "order.timed_out" } },
    ]);
  });

  test("a cancellation that comes first leaves a tombstone, and the shipment is refused without an event", async () => {
    const order = newOrder("saga");
    await consumed(await cancelled(order));
    await consumed(await paid(order));
    expect(await subjects(order.orderId)).toEqual(["shipping.failed"]);
    expect(await shipmentOf(order.orderId)).toMatchObject({ status: "void" });
  });

  test("a shipment that had failed is not told again when the order is cancelled", async () => {
    const order = newOrder("saga");
    await consumed(await paid(order, refused));
    await consumed(await cancelled(order));
    expect(await subjects(order.orderId)).toEqual(["shipping.failed"]);
  });

  test("the order service itself asks for the shipments of the pattern rest", async () => {
    const called = newOrder("rest");
    await paid(called);
    const choreographed = newOrder("events");
    await consumed(await paid(choreographed));
    expect(await subjects(choreographed.orderId)).toEqual(["shipping.scheduled"]);
    expect(await subjects(called.orderId)).toEqual([]);
  });

  test("duplicates in any order end without a shipment", async () => {
    const orders = Array.from({ length: 15 }, () => newOrder("saga"));
    const sends = orders.flatMap((order) => [
      () => paid(order),
      () => cancelled(order),
      () => paid(order),
      () => cancelled(order),
    ]);
    // A fixed shuffle: neighbours in the list end up far apart.
    const shuffled = sends.map((_send, index) => sends[(index * 37) % sends.length]!);
    await consumed(...(await Promise.all(shuffled.map((send) => send()))));
    for (const { orderId } of orders) {
      expect(["void", "cancelled"]).toContain((await shipmentOf(orderId)).status);
    }
  });
});
