import fc from "fast-check";

import {
  answerToReserve,
  changes,
  type Command,
  type Effect,
  effectOf,
  failureMessage,
  type Reservation,
  type ReservationStatus,
} from "./inventory";

const orderId = "0197a000-0000-7000-8000-000000000001";
const command = {
  orderId,
  sagaId: orderId,
  userId: orderId,
  pattern: "saga",
  productId: "tamper",
  quantity: 2,
} as const;
const reserved: Reservation = {
  ...command,
  status: "reserved",
  failureCode: null,
  createdAt: "",
  updatedAt: "",
};

test.each<[ReservationStatus | undefined, Effect, Effect, Effect]>([
  // status, then what reserve, release and sell do
  [undefined, "take", "leave-tombstone", "wait"],
  ["reserved", "nothing", "give-back", "sell"],
  ["sold", "nothing", "nothing", "nothing"],
  ["released", "nothing", "nothing", "nothing"],
  ["void", "nothing", "nothing", "nothing"],
  ["failed", "nothing", "nothing", "nothing"],
])("%s: reserve does %s, release %s, sell %s", (status, reserve, release, sell) => {
  expect(effectOf("reserve", status)).toBe(reserve);
  expect(effectOf("release", status)).toBe(release);
  expect(effectOf("sell", status)).toBe(sell);
});

test.each(Object.entries(changes))("%s moves stock and neither makes nor loses any", (_effect, change) => {
  expect(change.available + change.reserved + change.sold).toBe(0);
});

type Model = { status: ReservationStatus | undefined; available: number; reserved: number; sold: number };

/** The tables as the store applies them. */
function apply(state: Model, next: Command, quantity: number): Model {
  const effect = effectOf(next, state.status);
  if (effect === "nothing" || effect === "wait") return state;
  if (effect === "take" && state.available < quantity) return { ...state, status: "failed" };
  const change = changes[effect];
  return {
    status: change.status,
    available: state.available + change.available * quantity,
    reserved: state.reserved + change.reserved * quantity,
    sold: state.sold + change.sold * quantity,
  };
}

const commands: Command[] = ["reserve", "release", "sell"];
const deliveries = fc.array(fc.constantFrom(...commands), { maxLength: 15 });
const stock = fc.record({ supplied: fc.nat(5), quantity: fc.integer({ min: 1, max: 5 }) });

test("commands in any order, repeated at will, keep the stock whole and take effect once", () => {
  fc.assert(
    fc.property(deliveries, stock, (delivered, { supplied, quantity }) => {
      let state: Model = { status: undefined, available: supplied, reserved: 0, sold: 0 };
      const seen = new Set<ReservationStatus | undefined>();
      for (const next of delivered) {
        const before = state;
        state = apply(state, next, quantity);
        if (state !== before) {
          expect(seen.has(state.status)).toBe(false);
          seen.add(state.status);
        }
        expect(Math.min(state.available, state.reserved, state.sold)).toBeGreaterThanOrEqual(0);
        expect(state.available + state.reserved + state.sold).toBe(supplied);
      }
      // What is not sold at the end is back on the shelf once a release has been delivered.
      if (delivered.includes("release")) expect(state.reserved).toBe(0);
    }),
  );
});

test("a delivery that is repeated at once changes nothing", () => {
  fc.assert(
    fc.property(deliveries, stock, (delivered, { supplied, quantity }) => {
      const start: Model = { status: undefined, available: supplied, reserved: 0, sold: 0 };
      const once = delivered.reduce((state, next) => apply(state, next, quantity), start);
      const fiveTimes = delivered
        .flatMap((next) => [next, next, next, next, next])
        .reduce((state, next) => apply(state, next, quantity), start);
      expect(fiveTimes).toEqual(once);
    }),
  );
});

describe("the answer to a reservation", () => {
  test.each(["reserved", "sold"] as const)("%s: the reservation", (status) => {
    expect(answerToReserve({ ...reserved, status }, command)).toMatchObject({ status });
  });

  test.each([
    [{ ...reserved, status: "released" }, "order.cancelled"],
    [{ ...reserved, status: "void", productId: null, quantity: 0 }, "order.cancelled"],
    [{ ...reserved, productId: "milk-jug" }, "idempotency.key_reused"],
    [{ ...reserved, quantity: 3 }, "idempotency.key_reused"],
    [{ ...reserved, status: "failed", failureCode: "product.not_found" }, "product.not_found"],
    [
      { ...reserved, status: "failed", failureCode: "inventory.insufficient_stock" },
      "inventory.insufficient_stock",
    ],
  ] as [Reservation, string][])("%o: %s", (reservation, code) => {
    expect(() => answerToReserve(reservation, command)).toThrow(expect.objectContaining({ code }));
  });
});

test("a failure names what was asked for", () => {
  expect(failureMessage("product.not_found", command)).toBe('there is no product "tamper"');
  expect(failureMessage("inventory.insufficient_stock", command)).toBe(
    '"tamper" is not available in the quantity 2',
  );
});
