import { v7 as uuidv7 } from "uuid";

import { type EventData, type EventName, events } from "../../lib/events";
import { createGrpcClient, type GrpcClient } from "../../lib/grpc";
import { publishEvent } from "../../test/support/events";
import { startTestService, type TestService } from "../../test/support/service";
import { waitFor } from "../../test/support/wait-for";
import { createSimulatedProvider } from "./provider";
import { service } from "./service";

let payment: TestService;
let grpc: GrpcClient<"symphony.payment.v1.PaymentService">;

beforeAll(async () => {
  payment = await startTestService(service, {
    PROVIDER_TIMEOUT_MS: "1500",
    PROVIDER_SLOW_MS: "50",
  });
  grpc = createGrpcClient({
    service: "symphony.payment.v1.PaymentService",
    target: payment.grpcTarget ?? "",
  });
});

afterAll(async () => {
  grpc?.close();
  await payment?.stop();
});

const address = { line1: "1 Main Street", city: "Lisbon", postalCode: "1000-001", country: "PT" };

function newOrder(paymentToken = "tok_ok") {
  const orderId = uuidv7();
  return { orderId, sagaId: uuidv7(), userId: uuidv7(), pattern: "rest" as const, paymentToken };
}

type Order = Omit<ReturnType<typeof newOrder>, "pattern"> & { pattern: "rest" | "saga" | "events" | "grpc" };

async function post(path: string, body: unknown) {
  const response = await fetch(`${payment.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function charge(order: Order, amountCents = 1999) {
  return post("/payments", { ...order, amountCents, currency: "EUR" });
}

function refund({ orderId, sagaId, userId, pattern }: Order) {
  return post(`/payments/${orderId}/refund`, { sagaId, userId, pattern, reason: "shipping.no_capacity" });
}

/** Publishes an event with an id of its own and returns that id. */
async function publish<N extends EventName>(name: N, data: EventData<N>): Promise<string> {
  const id = uuidv7();
  await publishEvent(payment.environment.NATS_URL ?? "", name, data, { id });
  return id;
}

function reserved(order: Order): Promise<string> {
  return publish("inventory.reserved", {
    ...reference(order),
    product_id: "p-1",
    quantity: 2,
    amount: 1999,
    currency: "EUR",
    payment_token: order.paymentToken,
    address,
    reserved_at: new Date().toISOString(),
  });
}

function shippingFailed(order: Order): Promise<string> {
  const failed_at = new Date().toISOString();
  return publish("shipping.failed", { ...reference(order), reason: "shipping.no_capacity", failed_at });
}

function reference({ orderId, sagaId, userId, pattern }: Order) {
  return { order_id: orderId, saga_id: sagaId, user_id: userId, pattern };
}

/** Waits until each event has taken effect, or was found to have none. */
async function consumed(...ids: string[]): Promise<void> {
  await waitFor(
    async () => {
      const { rows } = await payment.db.query<{ count: number }>(
        `select count(*) from inbox where message_id = any($1)`,
        [ids],
      );
      return rows[0]?.count === ids.length;
    },
    { what: `the consumption of ${ids.length} events`, timeoutMs: 20_000 },
  );
}

async function written(orderId: string): Promise<{ subject: EventName; data: Record<string, unknown> }[]> {
  const { rows } = await payment.db.query<{ subject: EventName; data: string }>(
    `select subject, data from outbox where aggregate_id = $1 order by seq`,
    [orderId],
  );
  return rows.map(({ subject, data }) => ({ subject, data: events[subject].schema.parse(JSON.parse(data)) }));
}

async function subjects(orderId: string): Promise<string[]> {
  return (await written(orderId)).map(({ subject }) => subject);
}

/** The money that the provider holds for the order, in cents. */
async function heldCents(orderId: string): Promise<number> {
  const { rows } = await payment.db.query<{ cents: number }>(
    `select amount_cents - refunded_cents as cents from provider_charges
      where order_id = $1 and status in ('approved', 'refunded')`,
    [orderId],
  );
  return rows[0]?.cents ?? 0;
}

async function paymentOf(orderId: string): Promise<Record<string, unknown>> {
  return (await fetch(`${payment.url}/payments/${orderId}`)).json() as Promise<Record<string, unknown>>;
}

describe("REST", () => {
  test.each(["tok_ok", "tok_slow"])("%s is charged", async (token) => {
    const order = newOrder(token);
    const answer = await charge(order);
    expect(answer).toMatchObject({ status: 201, body: { status: "processed", amountCents: 1999 } });
    expect(await paymentOf(order.orderId)).toEqual(answer.body);
    expect(await written(order.orderId)).toMatchObject([
      { subject: "payment.processed", data: { amount: 1999, payment_id: answer.body.paymentId } },
    ]);
  });

  test.each([
    ["tok_declined", 402, "payment.declined"],
    ["tok_insufficient_funds", 402, "payment.insufficient_funds"],
    ["tok_nobody_knows", 402, "payment.token_unknown"],
    ["constructor", 402, "payment.token_unknown"],
  ])("%s is refused, and again when it is repeated", async (token, status, code) => {
    const order = newOrder(token);
    for (const answer of [await charge(order), await charge(order)]) {
      expect(answer).toMatchObject({ status, body: { code } });
    }
    expect(await written(order.orderId)).toMatchObject([
      { subject: "payment.failed", data: { reason: expect.stringMatching(`^${code}: `) } },
    ]);
    expect(await heldCents(order.orderId)).toBe(0);
  });

  test("a provider that fails is 502 and leaves no record", async () => {
    const order = newOrder("tok_provider_error");
    expect(await charge(order)).toMatchObject({ status: 502, body: { code: "payment.provider_error" } });
    expect(await paymentOf(order.orderId)).toMatchObject({ status: 404, code: "payment.not_found" });
    expect(await subjects(order.orderId)).toEqual([]);
  });

  test("an answer that is lost is 504, and the same request again finds the approval", async () => {
    const order = newOrder("tok_answer_lost");
    expect(await charge(order)).toMatchObject({ status: 504, body: { code: "peer.timeout" } });
    expect(await charge(order)).toMatchObject({ status: 201, body: { status: "processed" } });
    expect(await heldCents(order.orderId)).toBe(1999);
  });

  test("a lost answer whose order is refunded leaves no money behind", async () => {
    const order = newOrder("tok_answer_lost");
    await charge(order);
    expect(await refund(order)).toMatchObject({ status: 200, body: { status: "void" } });
    expect(await charge(order)).toMatchObject({ status: 409, body: { code: "order.cancelled" } });
    expect(await heldCents(order.orderId)).toBe(0);
  });

  test("a charge is given back once", async () => {
    const order = newOrder();
    await charge(order);
    for (const answer of [await refund(order), await refund(order)]) {
      expect(answer).toMatchObject({ status: 200, body: { status: "refunded", amountCents: 1999 } });
    }
    expect(await written(order.orderId)).toMatchObject([
      { subject: "payment.processed" },
      { subject: "payment.refunded", data: { amount: 1999, reason: "shipping.no_capacity" } },
    ]);
    expect(await heldCents(order.orderId)).toBe(0);
  });

  test("a repeated charge is answered the same, another amount is refused", async () => {
    const order = newOrder();
    const first = await charge(order);
    expect(await charge(order)).toEqual(first);
    expect(await charge(order, 5)).toMatchObject({ status: 422, body: { code: "idempotency.key_reused" } });
    expect(await subjects(order.orderId)).toEqual(["payment.processed"]);
  });

  test.each([
    ["a negative amount", { amountCents: -1 }, "amountCents"],
    ["a fraction of a cent", { amountCents: 0.5 }, "amountCents"],
    ["an order that is no id", { orderId: "42" }, "orderId"],
    ["an unknown pattern", { pattern: "fax" }, "pattern"],
    ["a currency that is none", { currency: "euro" }, "currency"],
    ["no token", { paymentToken: undefined }, "paymentToken"],
  ])("%s is bad input that names the field", async (_case, change, path) => {
    const body = { ...newOrder(), amountCents: 1999, currency: "EUR", ...change };
    expect(await post("/payments", body)).toMatchObject({
      status: 400,
      body: { code: "request.invalid", errors: [expect.objectContaining({ path })] },
    });
  });

  test("a charge and a refund that race leave no money behind", async () => {
    const orders = Array.from({ length: 25 }, () => newOrder());
    await Promise.all(
      orders.flatMap((order) => [charge(order), refund(order), charge(order), refund(order)]),
    );
    for (const { orderId } of orders) {
      expect(await heldCents(orderId)).toBe(0);
      expect(["void", "refunded"]).toContain((await paymentOf(orderId)).status);
      const told = await written(orderId);
      const refunds = told.filter(({ subject }) => subject === "payment.refunded");
      const charges = told.filter(({ subject }) => subject === "payment.processed");
      expect(refunds).toHaveLength(1);
      expect(refunds[0]?.data.amount).toBe(charges.length * 1999);
    }
  });
});

describe("gRPC", () => {
  const request = (order: Order) => ({
    ...reference(order),
    pattern: "grpc",
    amount_cents: 1999,
    currency: "EUR",
    payment_token: order.paymentToken,
  });

  test("a charge and its refund", async () => {
    const order = newOrder();
    const { success, payment_id } = await grpc.charge(request(order));
    expect({ success, payment_id }).toEqual({
      success: true,
      payment_id: (await paymentOf(order.orderId)).paymentId,
    });
    const refundRequest = { ...reference(order), pattern: "grpc", reason: "shipping.no_capacity" };
    expect(await grpc.refund(refundRequest)).toMatchObject({ success: true });
    expect(await grpc.charge(request(order))).toMatchObject({
      success: false,
      error_code: "order.cancelled",
    });
    expect(await subjects(order.orderId)).toEqual(["payment.processed", "payment.refunded"]);
  });

  test.each([
    ["tok_declined", "payment.declined"],
    ["tok_insufficient_funds", "payment.insufficient_funds"],
    ["tok_nobody_knows", "payment.token_unknown"],
  ])("%s is an answer without success", async (token, code) => {
    const answer = await grpc.charge(request(newOrder(token)));
    expect(answer).toMatchObject({ success: false, error_code: code, payment_id: "" });
    expect(answer.error_message).not.toBe("");
  });

  test("a provider that fails is an error of the call", async () => {
    await expect(grpc.charge(request(newOrder("tok_provider_error")))).rejects.toMatchObject({
      code: "payment.provider_error",
    });
  });

  test("bad input is an error of the call", async () => {
    await expect(grpc.charge({ ...request(newOrder()), amount_cents: -1 })).rejects.toMatchObject({
      code: "request.invalid",
    });
  });
});

describe("events", () => {
  const sagaOrder = (token?: string): Order => ({ ...newOrder(token), pattern: "saga" });

  test("a reservation is charged once, however often the event comes, and what shipping needs travels on", async () => {
    const order = sagaOrder();
    await consumed(...(await Promise.all(Array.from({ length: 5 }, () => reserved(order)))));
    expect(await written(order.orderId)).toMatchObject([
      { subject: "payment.processed", data: { amount: 1999, product_id: "p-1", quantity: 2, address } },
    ]);
    expect((await written(order.orderId))[0]?.data).not.toHaveProperty("payment_token");
    expect(await heldCents(order.orderId)).toBe(1999);
  });

  test("a refusal is told", async () => {
    const order = sagaOrder("tok_declined");
    await consumed(await reserved(order));
    expect(await written(order.orderId)).toMatchObject([
      {
        subject: "payment.failed",
        data: { reason: "payment.declined: The payment was declined", pattern: "saga" },
      },
    ]);
  });

  test("a failed shipment is refunded once", async () => {
    const order = sagaOrder();
    await consumed(await reserved(order));
    await consumed(...(await Promise.all(Array.from({ length: 5 }, () => shippingFailed(order)))));
    expect(await subjects(order.orderId)).toEqual(["payment.processed", "payment.refunded"]);
    expect(await heldCents(order.orderId)).toBe(0);
  });

  test("a refund that comes before its charge leaves a tombstone, and the charge is refused without an event", async () => {
    const order = sagaOrder();
    await consumed(await shippingFailed(order));
    await consumed(await reserved(order));
    expect(await written(order.orderId)).toMatchObject([
      { subject: "payment.refunded", data: { amount: 0 } },
    ]);
    expect(await paymentOf(order.orderId)).toMatchObject({ status: "void", amountCents: 0 });
    expect(await heldCents(order.orderId)).toBe(0);
  });

  test("a charge whose record was lost in a crash is recorded, and not made again", async () => {
    const order = sagaOrder();
    const provider = createSimulatedProvider({ ledger: payment.db, timeoutMs: 10_000, slowMs: 0 });
    await provider.charge({ ...order, amountCents: 1999, currency: "EUR" });
    await consumed(await reserved(order));
    expect(await subjects(order.orderId)).toEqual(["payment.processed"]);
    expect(await heldCents(order.orderId)).toBe(1999);
  });

  test("an answer that is lost is asked for again", async () => {
    const order = sagaOrder("tok_answer_lost");
    await consumed(await reserved(order));
    expect(await subjects(order.orderId)).toEqual(["payment.processed"]);
    expect(await heldCents(order.orderId)).toBe(1999);
  });

  test("a provider that keeps failing is asked again until the saga is undone", async () => {
    const order = sagaOrder("tok_provider_error");
    const charged = await reserved(order);
    await consumed(await shippingFailed(order));
    await consumed(charged);
    expect(await subjects(order.orderId)).toEqual(["payment.refunded"]);
  });

  test("nobody undoes the pattern events, and the order service itself charges the pattern rest", async () => {
    const choreographed: Order = { ...newOrder(), pattern: "events" };
    const called = newOrder();
    await reserved(called);
    await consumed(await reserved(choreographed));
    await shippingFailed(choreographed);
    const last = sagaOrder();
    await consumed(await reserved(last));
    expect(await subjects(choreographed.orderId)).toEqual(["payment.processed"]);
    expect(await subjects(called.orderId)).toEqual([]);
  });

  test("duplicates in any order end without money at the provider", async () => {
    const orders = Array.from({ length: 15 }, () => sagaOrder());
    const sends = orders.flatMap((order) =>
      [reserved, shippingFailed, reserved, shippingFailed].map((send) => () => send(order)),
    );
    // A fixed shuffle: neighbours in the list end up far apart.
    const shuffled = sends.map((_send, index) => sends[(index * 37) % sends.length]!);
    await consumed(...(await Promise.all(shuffled.map((send) => send()))));
    for (const { orderId } of orders) {
      expect(await heldCents(orderId)).toBe(0);
      expect([["payment.refunded"], ["payment.processed", "payment.refunded"]]).toContainEqual(
        await subjects(orderId),
      );
    }
  });
});

test("the payment token is kept nowhere", async () => {
  const order = { ...newOrder("tok_secret_of_this_test") };
  await charge(order);
  const tables = ["payments", "provider_charges", "outbox"];
  for (const table of tables) {
    const { rows } = await payment.db.query(`select 1 from ${table} t where t::text like '%tok\\_secret%'`);
    expect(rows).toEqual([]);
  }
});
