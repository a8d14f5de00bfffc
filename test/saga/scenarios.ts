import { type NewOrder, type OrderView, type Placed, type ShopClient } from "../../lab/load/client";

/** What a scenario needs of a running system, of processes or of pods. */
export type Shop = {
  client: ShopClient;
  /** A token of a customer made for this call, so that no test meets another one's rate limit. */
  customer(): Promise<string>;
  /** The order in its terminal state. */
  settled(token: string, placed: Placed): Promise<OrderView>;
};

const antarctica = { line1: "1 Ice Street", city: "McMurdo", postalCode: "96599", country: "AQ" };

/** What is ordered where a scenario says nothing else. */
export const usualOrder: NewOrder = { productId: "espresso-machine", quantity: 2 };

/** Patterns that undo what a failed order has done. */
export const undoingPatterns = ["saga", "rest", "grpc"] as const;

/** An order, and the code that it fails with; it is confirmed where there is none. */
export type Scenario = {
  name: string;
  order: Partial<NewOrder>;
  code?: string;
  /** Orders one piece more than there is. */
  beyondStock?: boolean;
};

export const scenarios: Scenario[] = [
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
    order: { productId: "limited-print" },
    beyondStock: true,
    code: "inventory.insufficient_stock",
  },
  {
    name: "the carrier refuses the destination",
    order: { address: antarctica },
    code: "shipping.destination_refused",
  },
];

/** Places the scenario's order and expects the end that it must have. */
export async function play(
  shop: Shop,
  { order: special, code, beyondStock }: Scenario,
  pattern: (typeof undoingPatterns)[number],
): Promise<void> {
  const token = await shop.customer();
  const order = { ...usualOrder, ...special };
  if (beyondStock === true) {
    const products = await shop.client.products();
    order.quantity = (products.find(({ id }) => id === order.productId)?.available ?? 0) + 1;
  }
  const placed = await shop.client.place({ token, order, pattern });
  if (pattern === "saga") {
    const ended = await shop.settled(token, placed);
    expect(ended).toMatchObject(
      code === undefined ? { status: "confirmed" } : { status: "failed", failureCode: code },
    );
    return;
  }
  if (code === undefined) expect(placed).toMatchObject({ status: 201, order: { status: "confirmed" } });
  else expect(placed.problem).toMatchObject({ code });
}

/** A declined card under the pattern events, which leaves the reservation behind. */
export async function playWithoutUndo(shop: Shop): Promise<void> {
  const token = await shop.customer();
  const placed = await shop.client.place({
    token,
    order: { ...usualOrder, paymentToken: "tok_declined" },
    pattern: "events",
  });
  expect(await shop.settled(token, placed)).toMatchObject({
    status: "failed",
    failureCode: "payment.declined",
  });
}
