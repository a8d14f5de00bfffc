import { type NewOrder } from "../../lab/load/client";
import { startSystem, type System } from "../support/system";
import { waitFor } from "../support/wait-for";

jest.setTimeout(180_000);

/** Short, so that a cancellation and a broker that is away for longer than it both fit into a test. */
const deadlineMs = 4_000;

let system: System;
beforeAll(async () => {
  system = await startSystem({ overrides: { order: { SAGA_DEADLINE_MS: String(deadlineMs) } } });
});
afterAll(() => system?.stop());
afterEach(() => system.expectInvariants());

const antarctica = { line1: "1 Ice Street", city: "McMurdo", postalCode: "96599", country: "AQ" };
const base: NewOrder = { productId: "espresso-machine", quantity: 2 };

type Scenario = { name: string; order: Partial<NewOrder>; code?: string };
const scenarios: Scenario[] = [
  { name: "everything works", order: {} },
  { name: "the provider is slow", order: { paymentToken: "tok_slow" } },
  { name: "the card is declined", order: { paymentToken: "tok_declined" }, code: "payment.declined" },
  {
    name: "the account lacks the funds",
    order: { paymentToken: "tok_insufficient_funds" },
    code: "payment.insufficient_funds",
  },
  {
    name: "the token is unknown",
    order: { paymentToken: "tok_nobody_knows" },
    code: "payment.token_unknown",
  },
  {
    name: "there is not enough stock",
    order: { productId: "limited-print", quantity: 4 },
    code: "inventory.insufficient_stock",
  },
  {
    name: "the carrier refuses the destination",
    order: { address: antarctica },
    code: "shipping.destination_refused",
  },
];

describe.each(["saga", "rest", "grpc"] as const)("pattern %s", (pattern) => {
  test.each(scenarios)("$name: ends as it must, with nothing left over", async ({ order, code }) => {
    const token = await system.customer();
    const placed = await system.client.place({ token, order: { ...base, ...order }, pattern });
    if (pattern === "saga") {
      const ended = await system.settled(token, placed);
      expect(ended).toMatchObject(
        code === undefined ? { status: "confirmed" } : { status: "failed", failureCode: code },
      );
      return;
    }
    if (code === undefined) expect(placed).toMatchObject({ status: 201, order: { status: "confirmed" } });
    else expect(placed.problem).toMatchObject({ code });
  });
});

test("pattern events: a failed order keeps what was done, because nobody undoes", async () => {
  const token = await system.customer();
  const placed = await system.client.place({
    token,
    order: { ...base, paymentToken: "tok_declined" },
    pattern: "events",
  });
  expect(await system.settled(token, placed)).toMatchObject({
    status: "failed",
    failureCode: "payment.declined",
  });
  expect(await system.expectInvariants()).toEqual({ leftovers: 1 });
});

test("a saga past its deadline is cancelled, and a charge that never was stays impossible", async () => {
  const token = await system.customer();
  const placed = await system.client.place({ token, order: { ...base, paymentToken: "tok_provider_error" } });
  const order = await system.settled(token, placed);
  expect(order).toMatchObject({ status: "failed", failureCode: "order.cancelled" });
});

test("a provider whose answer is lost charges once", async () => {
  const token = await system.customer();
  const placed = await system.client.place({ token, order: { ...base, paymentToken: "tok_answer_lost" } });
  await system.settled(token, placed);
});

test("a broker that is away for longer than a saga's deadline fails no order", async () => {
  const token = await system.customer();
  const nats = system.stack.process("nats");
  nats?.signal("SIGSTOP");
  const placed = [];
  try {
    const from = Date.now();
    while (Date.now() - from < 2 * deadlineMs) {
      placed.push(await system.client.place({ token, order: base }));
      await waitFor(() => Date.now() - from > placed.length * 500, { what: "the next order's turn" });
    }
  } finally {
    nats?.signal("SIGCONT");
  }
  const orders = await Promise.all(placed.map((answer) => system.settled(token, answer)));
  expect(orders.map(({ status }) => status)).toEqual(orders.map(() => "confirmed"));
});

test("an order service that is killed between commit and publish loses no order", async () => {
  const token = await system.customer();
  const nats = system.stack.process("nats");
  nats?.signal("SIGSTOP");
  let placed;
  try {
    placed = await system.client.place({ token, order: base });
    system.stack.process("order")?.signal("SIGKILL");
  } finally {
    nats?.signal("SIGCONT");
  }
  expect(await system.settled(token, placed)).toMatchObject({ status: "confirmed" });
});
