import { startSystem, type System } from "../support/system";
import { waitFor } from "../support/wait-for";
import { play, playWithoutUndo, scenarios, undoingPatterns, usualOrder } from "./scenarios";

jest.setTimeout(240_000);

/** Short, so that a cancellation and a broker that is away for longer than it both fit into a test. */
const deadlineMs = 6_000;
/** Slow, and yet far from the deadline: what else an order needs takes its time on a busy machine. */
const providerSlowMs = 500;

let system: System;
beforeAll(async () => {
  system = await startSystem({
    overrides: {
      order: { SAGA_DEADLINE_MS: String(deadlineMs) },
      payment: { PROVIDER_SLOW_MS: String(providerSlowMs) },
    },
  });
});
afterAll(() => system?.stop());
afterEach(() => system.expectInvariants());

describe.each(undoingPatterns)("pattern %s", (pattern) => {
  test.each(scenarios)("$name: ends as it must, with nothing left over", (scenario) =>
    play(system, scenario, pattern),
  );
});

test("pattern events: a failed order keeps what was done, because nobody undoes", async () => {
  await playWithoutUndo(system);
  expect(await system.expectInvariants()).toEqual({ leftovers: 1 });
});

test("a saga past its deadline is cancelled, and a charge that never was stays impossible", async () => {
  const token = await system.customer();
  const placed = await system.client.place({
    token,
    order: { ...usualOrder, paymentToken: "tok_provider_error" },
  });
  const order = await system.settled(token, placed);
  expect(order).toMatchObject({ status: "failed", failureCode: "order.cancelled" });
});

test("a provider whose answer is lost charges once", async () => {
  const token = await system.customer();
  const placed = await system.client.place({
    token,
    order: { ...usualOrder, paymentToken: "tok_answer_lost" },
  });
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
      placed.push(await system.client.place({ token, order: usualOrder }));
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
    placed = await system.client.place({ token, order: usualOrder });
    system.stack.process("order")?.signal("SIGKILL");
  } finally {
    nats?.signal("SIGCONT");
  }
  expect(await system.settled(token, placed)).toMatchObject({ status: "confirmed" });
});
