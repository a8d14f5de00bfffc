import { v7 as uuidv7 } from "uuid";

import { AppError, type ErrorCode } from "../../lib/errors";
import { runCalls } from "./calls";
import { type Peers, type StepOrder } from "./peers";

const order: StepOrder = {
  id: uuidv7(),
  sagaId: uuidv7(),
  userId: uuidv7(),
  email: "ada@example.com",
  pattern: "rest",
  productId: "keyboard",
  quantity: 1,
  amountCents: 4_990,
  currency: "EUR",
  paymentToken: "tok_ok",
  address: { line1: "1 A St", city: "B", postalCode: "1", country: "DE" },
};

type Method = Exclude<keyof Peers, "findProduct">;

function peersThatFail(failing: Partial<Record<Method, ErrorCode | Error>>) {
  const calls: Method[] = [];
  const method = (name: Method) => async () => {
    calls.push(name);
    const failure = failing[name];
    if (failure) throw failure instanceof Error ? failure : new AppError(failure, "because");
  };
  const peers: Peers = {
    findProduct: async () => ({ priceCents: 4_990, currency: "EUR", available: 9 }),
    reserve: method("reserve"),
    release: method("release"),
    charge: method("charge"),
    refund: method("refund"),
    ship: method("ship"),
    cancelShipment: method("cancelShipment"),
  };
  return { peers, calls };
}

describe("runCalls", () => {
  test.each<
    [
      Partial<Record<Method, ErrorCode | Error>>,
      Method[],
      { code: ErrorCode; undone: boolean } | undefined,
      string[],
    ]
  >([
    [
      {},
      ["reserve", "charge", "ship"],
      undefined,
      ["inventory.reserved", "payment.processed", "shipping.scheduled"],
    ],
    [
      { reserve: "inventory.insufficient_stock" },
      ["reserve"],
      { code: "inventory.insufficient_stock", undone: true },
      ["inventory.reservation-failed"],
    ],
    [
      { charge: "payment.declined" },
      ["reserve", "charge", "release"],
      { code: "payment.declined", undone: true },
      ["inventory.reserved", "payment.failed", "inventory.released"],
    ],
    // The answer was lost: the charge may have been made, so it is undone too.
    [
      { charge: "peer.timeout" },
      ["reserve", "charge", "refund", "release"],
      { code: "peer.timeout", undone: true },
      ["inventory.reserved", "payment.refunded", "inventory.released"],
    ],
    [
      { charge: "payment.provider_error" },
      ["reserve", "charge", "refund", "release"],
      { code: "payment.provider_error", undone: true },
      ["inventory.reserved", "payment.refunded", "inventory.released"],
    ],
    [
      { ship: "shipping.destination_refused" },
      ["reserve", "charge", "ship", "refund", "release"],
      { code: "shipping.destination_refused", undone: true },
      [
        "inventory.reserved",
        "payment.processed",
        "shipping.failed",
        "payment.refunded",
        "inventory.released",
      ],
    ],
    [
      { ship: new TypeError("a bug") },
      ["reserve", "charge", "ship", "cancelShipment", "refund", "release"],
      { code: "internal", undone: true },
      [
        "inventory.reserved",
        "payment.processed",
        "shipping.failed",
        "payment.refunded",
        "inventory.released",
      ],
    ],
    // Stock is not released while the money has not been given back.
    [
      { ship: "peer.unavailable", refund: "peer.unavailable" },
      ["reserve", "charge", "ship", "cancelShipment", "refund"],
      { code: "peer.unavailable", undone: false },
      ["inventory.reserved", "payment.processed", "shipping.failed"],
    ],
  ])("%j calls %j and ends with %j", async (failing, expectedCalls, failure, steps) => {
    const { peers, calls } = peersThatFail(failing);
    const outcome = await runCalls(peers, order);
    expect(calls).toEqual(expectedCalls);
    expect(outcome.steps.map(({ event }) => event)).toEqual(steps);
    expect(outcome.error?.code).toBe(failure?.code);
    if (failure) expect(outcome.failure).toMatchObject(failure);
    else expect(outcome.failure).toBeUndefined();
  });

  describe("as a synchronous chain", () => {
    const chainOf = (calls: string[], failing?: ErrorCode) => [
      async () => void calls.push("notify"),
      async () => {
        calls.push("audit");
        if (failing) throw new AppError(failing, "because");
      },
    ];

    test("the calls of the chain come last", async () => {
      const { peers, calls } = peersThatFail({});
      peers.chain = chainOf(calls);
      expect(await runCalls(peers, order)).not.toHaveProperty("failure");
      expect(calls).toEqual(["reserve", "charge", "ship", "notify", "audit"]);
    });

    test("one that fails undoes everything, and an undo that fails does not stop the others", async () => {
      const { peers, calls } = peersThatFail({ refund: "peer.unavailable" });
      peers.chain = chainOf(calls, "peer.unavailable");
      const outcome = await runCalls(peers, order);
      expect(calls.slice(5)).toEqual(["cancelShipment", "refund", "release"]);
      expect(outcome.failure).toMatchObject({ code: "peer.unavailable", undone: true });
    });
  });
});
